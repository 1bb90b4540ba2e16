"""Plans: what a maker may do, and the monthly credits."""

from dataclasses import dataclass

from craftspark.errors import InvalidInput


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Monthly credits that are unused at the end of the month expire. Top-ups do not expire.

    `refusals_per_hour` is the number of refused prompts after which the maker's next jobs are delayed. `open_uploads`
    limits the uploads that are created but not checked, and `checks_per_minute` limits the checks. While GPU capacity
    is short, a job of the interactive lane is accepted if its wait is at most `admitted_wait_s`. As the wait grows, the
    plan with the smallest value is refused first. With `refunds_missed_subject`, an image is not charged if its second
    drawing does not show its subject either.
    """

    name: str
    title: str
    monthly_credits: int
    max_active_jobs: int
    submissions_per_minute: int
    largest_count: int
    admitted_wait_s: int = 60
    refusals_per_hour: int = 5
    lanes: tuple[str, ...] = ("interactive", "bulk")
    webhooks: int = 0
    open_uploads: int = 10
    checks_per_minute: int = 10
    refunds_missed_subject: bool = False


# In metrics: what concerns makers of every plan.
ANY_PLAN = "any"

PLANS = {
    plan.name: plan
    for plan in (
        Plan(
            name="free",
            title="Free",
            monthly_credits=20,
            max_active_jobs=2,
            submissions_per_minute=20,
            largest_count=4,
            lanes=("interactive",),
        ),
        Plan(
            name="plus",
            title="Plus",
            refunds_missed_subject=True,
            monthly_credits=300,
            max_active_jobs=5,
            submissions_per_minute=60,
            largest_count=8,
            admitted_wait_s=120,
            open_uploads=20,
            checks_per_minute=20,
        ),
        Plan(
            name="pro",
            title="Pro",
            refunds_missed_subject=True,
            monthly_credits=1500,
            max_active_jobs=12,
            submissions_per_minute=120,
            largest_count=8,
            admitted_wait_s=180,
            open_uploads=40,
            checks_per_minute=40,
            webhooks=2,
        ),
        Plan(
            name="partner",
            title="Partner",
            refunds_missed_subject=True,
            monthly_credits=20_000,
            max_active_jobs=100,
            submissions_per_minute=3000,
            largest_count=8,
            admitted_wait_s=240,
            refusals_per_hour=500,  # many users share the account
            open_uploads=300,
            checks_per_minute=300,
            webhooks=10,
        ),
    )
}


def find_plan(name: str) -> Plan:
    """The plan with this name. Raises InvalidInput, which lists the plans."""
    try:
        return PLANS[name]
    except KeyError:
        raise InvalidInput(f"there is no such plan; the plans are {', '.join(PLANS)}", field="plan") from None
