"""Each minute: renew the lists of popular pictures."""

from typing import Any

from craftspark.aws import clients
from craftspark.aws.gallery.popular_table import PopularTable
from craftspark.gallery.popular import Ranking
from craftspark.settings.gallery import RecordSettings
from craftspark.tools import TOOLS
from lambdas.log import logger


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> None:
    table = PopularTable(client=clients.dynamodb(), table=RecordSettings.from_environment().gallery_table)
    made = [ranking.name for ranking in (Ranking(), *map(Ranking, TOOLS)) if table.make_snapshot(ranking)]
    table.forget_hidden()
    if made:
        logger.info("popular pictures listed", extra={"rankings": made})
