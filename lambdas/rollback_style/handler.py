"""An operator makes an earlier version of a style the stable one: `aws lambda invoke` with a RollbackRequest."""

import json
from functools import cache
from typing import Any

from craftspark.aws.styles import style_table
from craftspark.metrics import event
from craftspark.parsing import parse_request
from craftspark.settings.styles import StyleSettings
from craftspark.styles.requests import RollbackRequest
from craftspark.styles.trials import Trials
from lambdas.log import logger


@cache
def trials() -> Trials:
    return style_table.trials(StyleSettings.from_environment())


@logger.inject_lambda_context
def handler(request: dict[str, Any], context: Any) -> dict[str, Any]:
    asked = parse_request(RollbackRequest, json.dumps(request))
    before, after = trials().roll_back(asked.style, asked.version, who=asked.who, why=asked.why)
    facts = {"style": asked.style, "from_version": before.stable, "to_version": after.stable, "who": asked.who}
    logger.info("style rolled back", extra={**facts, **event("StyleRolledBack")})
    return {"style": asked.style, "stable": after.stable, "was": before.stable}
