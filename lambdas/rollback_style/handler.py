"""An operator makes an earlier version of a style the stable one: `aws lambda invoke` with a RollbackRequest."""

import json
from functools import cache
from typing import Any

from craftspark.aws.styles import style_table
from craftspark.metrics import event
from craftspark.parsing.json_values import parse_request
from craftspark.settings.styles import StyleSettings
from craftspark.styles.requests import RollbackRequest
from craftspark.styles.trials import Trials
from lambdas.log import logger


@cache
def trials() -> Trials:
    return style_table.trials(StyleSettings.from_environment())


@logger.inject_lambda_context
def handler(request: dict[str, Any], context: Any) -> dict[str, Any]:
    rollback = parse_request(RollbackRequest, json.dumps(request))
    before, after = trials().roll_back(rollback.style, rollback.version, who=rollback.who, why=rollback.why)
    facts = {"style": rollback.style, "from_version": before.stable, "to_version": after.stable, "who": rollback.who}
    logger.info("style rolled back", extra={**facts, **event("StyleRolledBack")})
    return {"style": rollback.style, "stable": after.stable, "was": before.stable}
