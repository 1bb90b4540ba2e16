"""EC2's notices about spot instances: drain an interrupted instance, and count the notice for the fleet's policy."""

from functools import cache
from typing import Any

from craftspark.aws import clients
from craftspark.aws.fleet.instances import ClusterInstances
from craftspark.aws.fleet.markets import MarketTable
from craftspark.fleet.interruptions.notices import InstanceNotice, NoticeKind, handle_notice
from craftspark.metrics import event
from craftspark.settings.interruptions import NoticeSettings
from lambdas.log import logger

METRICS = {NoticeKind.INTERRUPTION: "InstanceInterrupted", NoticeKind.REBALANCE: "RebalanceRecommended"}


@cache
def parts() -> dict[str, Any]:
    settings = NoticeSettings.from_environment()
    return {
        "instances": ClusterInstances(client=clients.ecs(), cluster=settings.cluster, pools=settings.pools),
        "markets": MarketTable(client=clients.dynamodb(), jobs_table=settings.jobs_table),
    }


@logger.inject_lambda_context
def handler(request: dict[str, Any], context: Any) -> None:
    notice = InstanceNotice.from_json(request)
    facts = {"instance": notice.instance_id, "notice": notice.kind}
    handled = handle_notice(notice, **parts())
    if handled is None:
        # The rule gets the notices of all instances of the account.
        logger.info("instance is not of the fleet", extra=facts)
        return
    instance = handled.instance
    place = {"pool": instance.pool, "zone": instance.zone, "family": instance.family}
    counted = event(METRICS[notice.kind]) if handled.counted else {}
    if notice.kind is NoticeKind.REBALANCE:
        logger.info("rebalance recommended", extra={**facts, **place, **counted})
    else:
        done = {"drained": handled.drained, "tasks": handled.stopped}
        logger.warning("instance interrupted", extra={**facts, **place, **done, **counted})
