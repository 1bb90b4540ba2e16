"""Events about spot instances: drain an interrupted instance, and count notices and failed launches for the policy."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from craftspark.aws import clients
from craftspark.aws.fleet.instances import ClusterInstances
from craftspark.aws.fleet.launch_events import read_failed_launch
from craftspark.aws.fleet.markets import MarketTable
from craftspark.fleet.interruptions.failed_launches import LAUNCH_FAILED
from craftspark.fleet.interruptions.notices import InstanceNotice, NoticeKind, handle_notice
from craftspark.metrics import event
from craftspark.settings.interruptions import NoticeSettings
from lambdas.log import logger

METRICS = {NoticeKind.INTERRUPTION: "InstanceInterrupted", NoticeKind.REBALANCE: "RebalanceRecommended"}


@dataclass(frozen=True, kw_only=True)
class Parts:
    """`groups` has the pool of each Auto Scaling group of spot instances."""

    instances: ClusterInstances
    markets: MarketTable
    groups: Mapping[str, str]


@cache
def parts() -> Parts:
    settings = NoticeSettings.from_environment()
    return Parts(
        instances=ClusterInstances(client=clients.ecs(), cluster=settings.cluster, pools=settings.pools),
        markets=MarketTable(client=clients.dynamodb(), jobs_table=settings.jobs_table),
        groups=settings.groups,
    )


@logger.inject_lambda_context
def handler(request: dict[str, Any], context: Any) -> None:
    """`request` is an InstanceNotice, or the whole event about a failed launch."""
    if request.get("detail-type") == LAUNCH_FAILED:
        count_failed_launch(request)
    else:
        follow_notice(InstanceNotice.from_json(request))


def count_failed_launch(request: dict[str, Any]) -> None:
    launch = read_failed_launch(request)
    facts = {"group": launch.group, "zone": launch.zone, "reason": launch.reason}
    pool = parts().groups.get(launch.group)
    if pool is None:
        logger.info("group is not of the fleet", extra=facts)
        return
    first = parts().markets.count_failure(pool, launch)
    logger.warning("spot launch failed", extra={**facts, "pool": pool, **(event("SpotLaunchFailed") if first else {})})


def follow_notice(notice: InstanceNotice) -> None:
    facts = {"instance": notice.instance_id, "notice": notice.kind}
    handled = handle_notice(notice, parts().instances, parts().markets)
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
