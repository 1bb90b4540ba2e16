"""Submissions, for the handlers that create and quote jobs."""

import gc
from datetime import timedelta
from functools import cache

from craftspark.accounts.acceptance import AccountAcceptance
from craftspark.accounts.accounts import Accounts
from craftspark.accounts.plans import find_plan
from craftspark.aws import clients
from craftspark.aws.accounts.account_table import AccountTable
from craftspark.aws.gallery.origins import OriginTable
from craftspark.aws.jobs.acceptance import AcceptanceTable
from craftspark.aws.jobs.backlog import BacklogIndex
from craftspark.aws.orchestration.intake import IntakeQueue
from craftspark.aws.pictures.sources import Sources
from craftspark.aws.pictures.upload_table import UploadTable
from craftspark.aws.styles.releases import Releases
from craftspark.jobs.estimates import Capacity, Estimates
from craftspark.jobs.pools import ServingPool, ServingPools
from craftspark.jobs.submissions import Submissions
from craftspark.models.catalogue import find_model
from craftspark.models.networks import ToolNetworks
from craftspark.settings.jobs import SubmitSettings
from lambdas.wiring.moderation import moderation


@cache
def submissions() -> Submissions:
    settings = SubmitSettings.from_environment()
    serving = ServingPools.parse(settings.pools)
    origins = OriginTable(client=clients.dynamodb(), table=settings.gallery_table)
    use_case = Submissions(
        acceptance=acceptance(settings),
        intake=IntakeQueue(client=clients.sqs(), url=settings.intake_queue_url),
        releases=Releases(client=clients.dynamodb(), table=settings.styles_table),
        sources=Sources(
            client=clients.dynamodb(),
            jobs_table=settings.jobs_table,
            uploads=UploadTable(client=clients.dynamodb(), table=settings.uploads_table),
            origins=origins,
        ),
        origins=origins,
        estimates={
            tool: estimates
            for pool in serving.pools
            for tool, estimates in pool_estimates(pool, serving.networks, settings).items()
        },
        moderation=moderation(),
        deadline=timedelta(seconds=settings.job_deadline_s),
        retention=timedelta(days=settings.job_retention_days),
    )
    # Objects that exist now live as long as the process. The garbage collector does not need to scan them again.
    gc.freeze()
    return use_case


def acceptance(settings: SubmitSettings) -> AccountAcceptance:
    client, accounts_table = clients.dynamodb(), settings.accounts_table
    return AccountAcceptance(
        records=AcceptanceTable(client=client, jobs_table=settings.jobs_table, accounts_table=accounts_table),
        accounts=Accounts(
            records=AccountTable(client=client, table=accounts_table), plan=find_plan(settings.default_plan)
        ),
    )


def pool_estimates(pool: ServingPool, networks: ToolNetworks, settings: SubmitSettings) -> dict[str, Estimates]:
    """The estimates of each tool of a pool, with one backlog for all."""
    readings = BacklogIndex(client=clients.dynamodb(), jobs_table=settings.jobs_table, pool=pool.name)
    capacity = Capacity(
        pool=pool.name,
        device=pool.device,
        min_tasks=pool.min_tasks,
        launch_s=pool.launch_s,
        dispatch_s=settings.dispatch_ms / 1000,
        batch_s=settings.batch_s,
        deadline_s=settings.job_deadline_s,
    )
    return {
        tool: Estimates(
            readings=readings, model=find_model(model).on(pool.device).with_networks(networks), capacity=capacity
        )
        for tool, model in pool.tools.items()
    }
