"""Called by the state machine for a batch that no worker has taken: may it launch a task within the stage's limits?"""

import time
from functools import cache
from typing import Any

from craftspark.aws import clients
from craftspark.aws.fleet.launches import LaunchTable
from craftspark.fleet.controller.launches import Launches, LaunchRequest
from craftspark.fleet.controller.pools import ControlledPools
from craftspark.fleet.observations import Limits
from craftspark.metrics import event
from craftspark.settings.fleet import GrantSettings
from lambdas.log import logger


@cache
def launches() -> Launches:
    settings = GrantSettings.from_environment()
    return Launches(
        records=LaunchTable(client=clients.dynamodb(), jobs_table=settings.jobs_table),
        pools=ControlledPools.parse(settings.controlled_pools).pools,
        limits=Limits(dollars_per_hour=settings.cents_per_hour / 100, max_tasks=settings.max_tasks),
    )


@logger.inject_lambda_context
def handler(request: dict[str, Any], context: Any) -> dict[str, Any]:
    asked = LaunchRequest.from_json(request)
    answer = launches().ask(asked, time.time())
    facts = {"pool": asked.pool, "batch": asked.batch, "wakes": asked.wakes, "reason": answer.reason}
    if answer.granted:
        logger.info("launch granted", extra=facts)
    else:
        # A batch that finds a task on its way is no sign of a shortage.
        logger.info("launch refused", extra={**facts, **({} if asked.wakes else event("LaunchRefused"))})
    return answer.to_json()
