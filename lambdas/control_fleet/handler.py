"""Every 20 s: decide how many tasks each pool should have, and set the counts that change."""

from functools import cache
from typing import Any

from craftspark.aws import clients
from craftspark.aws.fleet.launches import LaunchTable
from craftspark.aws.fleet.readings import FleetReadings
from craftspark.aws.fleet.ready_tasks import ReadyTasks
from craftspark.aws.fleet.record import RecordTable
from craftspark.aws.fleet.services import FleetServices
from craftspark.aws.fleet.work import WorkIndex
from craftspark.fleet.controller.pools import ControlledPools
from craftspark.fleet.controller.run import DecisionRefused, FleetControl
from craftspark.fleet.observations import Limits
from craftspark.fleet.policy.checks import Unusable
from craftspark.metrics import event
from craftspark.settings.fleet import ControlSettings
from lambdas.control_fleet.measures import emit_measures
from lambdas.log import logger


@cache
def control() -> FleetControl:
    settings = ControlSettings.from_environment()
    pools = ControlledPools.parse(settings.controlled_pools).pools
    services = FleetServices(
        ecs=clients.ecs(),
        ssm=clients.ssm(),
        cluster=settings.cluster,
        pools=pools,
        ready=ReadyTasks(client=clients.dynamodb(), jobs_table=settings.jobs_table),
    )
    return FleetControl(
        records=RecordTable(client=clients.dynamodb(), jobs_table=settings.jobs_table),
        launches=LaunchTable(client=clients.dynamodb(), jobs_table=settings.jobs_table),
        readings=FleetReadings(
            work=WorkIndex(client=clients.dynamodb(), jobs_table=settings.jobs_table), services=services
        ),
        services=services,
        pools=pools,
        limits=Limits(dollars_per_hour=settings.cents_per_hour / 100, max_tasks=settings.max_tasks),
    )


@logger.inject_lambda_context
def handler(_schedule: dict[str, Any], context: Any) -> None:
    """Where an observation or a decision cannot be used, the last counts stand, an alarm starts, and the log has the
    reason.
    """
    try:
        outcome = control().run()
    except (Unusable, DecisionRefused) as refused:
        logger.error("fleet decision refused", extra={"reason": str(refused), **event("FleetDecisionRefused")})
        return
    if outcome is None:
        logger.info("fleet decision made by another run")
        return
    for name, decision in outcome.decision.pools.items():
        changes = {each.capacity: f"{each.before} -> {each.after}" for each in outcome.changes if each.pool == name}
        logger.info(
            "pool decided",
            extra={
                "pool": name,
                "spot": decision.spot,
                "on_demand": decision.on_demand,
                "reason": decision.reason,
                "changes": changes,
            },
        )
    for fault in outcome.faults:
        facts = {"field": fault.field, "reason": fault.detail, **event("FleetDecisionRefused")}
        logger.error("fleet observation refused", extra=facts)
    if outcome.since_s is None:
        logger.warning("fleet decided without a record of earlier decisions")
    logger.info("fleet decided", extra={"changes": len(outcome.changes), **event("FleetDecided")})
    emit_measures(outcome)
