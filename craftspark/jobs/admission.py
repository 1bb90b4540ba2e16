"""Admission of jobs by the plans of their makers, while GPU capacity is short."""

from typing import Any, Protocol

from craftspark.errors import CapacityInsufficient
from craftspark.fleet.admission import Wait, is_admitted
from craftspark.jobs.estimates import MAX_RETRY_S, Estimate


class Terms(Protocol):
    """What a plan says about admission. `admitted_wait_s` is in seconds."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def admitted_wait_s(self) -> int: ...

    @property
    def lanes(self) -> tuple[str, ...]: ...


def admission_error(estimate: Estimate, lane: str, plan: Terms) -> CapacityInsufficient | None:
    """The error for a job that the plan does not admit, or None.

    The bulk lane is for jobs that can wait: only their deadline limits their wait. The error offers it if the plan
    includes it and the job would end in time there.
    """
    if not estimate.missing or lane == "bulk":
        return None
    if is_admitted(Wait(seconds=estimate.wait_s, missing=estimate.missing), plan.admitted_wait_s):
        return None
    why = (
        f"GPU capacity is short: the job would wait about {estimate.wait_s} s, and the plan {plan.title} allows "
        f"{plan.admitted_wait_s} s then"
    )
    facts: dict[str, Any] = {}
    fix = "try again later"
    if estimate.bulk and "bulk" in plan.lanes:
        offer = f"lane bulk would accept the job, with a wait of about {estimate.bulk.wait_s} s"
        fix += f"; {offer}"
        facts = {"bulk_wait_s": estimate.bulk.wait_s, "errors": [{"field": "lane", "detail": offer}]}
    return CapacityInsufficient(
        f"{why}; {fix}",
        field="lane",
        estimated_wait_s=estimate.wait_s,
        admitted_wait_s=plan.admitted_wait_s,
        plan=plan.name,
        retry_after_s=min(MAX_RETRY_S, estimate.wait_s - plan.admitted_wait_s),
        **facts,
    )
