"""Submissions as the handlers around them need them."""

import gc
from datetime import timedelta
from functools import cache

from craftspark.aws import clients
from craftspark.aws.acceptance import Acceptance
from craftspark.aws.accounts import Accounts
from craftspark.aws.backlog import IndexReadings
from craftspark.aws.intake import IntakeQueue
from craftspark.aws.releases import Releases
from craftspark.aws.sources import Sources
from craftspark.aws.upload_table import UploadTable
from craftspark.catalogue import find_model
from craftspark.estimates import Capacity, Estimates
from craftspark.plans import find_plan
from craftspark.settings import SubmitSettings
from craftspark.submissions import Submissions
from lambdas.moderation import moderation


@cache
def submissions() -> Submissions:
    settings = SubmitSettings.from_environment()
    made = Submissions(
        acceptance=Acceptance(
            client=clients.dynamodb(),
            jobs_table=settings.jobs_table,
            accounts=Accounts(
                client=clients.dynamodb(), table=settings.accounts_table, plan=find_plan(settings.default_plan)
            ),
        ),
        intake=IntakeQueue(client=clients.sqs(), url=settings.intake_queue_url),
        releases=Releases(client=clients.dynamodb(), table=settings.styles_table),
        sources=Sources(
            client=clients.dynamodb(),
            jobs_table=settings.jobs_table,
            uploads=UploadTable(client=clients.dynamodb(), table=settings.uploads_table),
        ),
        estimates=Estimates(
            readings=IndexReadings(client=clients.dynamodb(), jobs_table=settings.jobs_table, model=settings.model),
            model=find_model(settings.model),
            capacity=Capacity(
                device=settings.device,
                warm_workers=settings.warm_workers,
                launched_tasks=settings.launched_tasks,
                launch_s=settings.launch_s,
                dispatch_s=settings.dispatch_ms / 1000,
                batch_s=settings.batch_s,
                deadline_s=settings.job_deadline_s,
            ),
        ),
        moderation=moderation(),
        model=find_model(settings.model),
        deadline=timedelta(seconds=settings.job_deadline_s),
        retention=timedelta(days=settings.job_retention_days),
    )
    # All that is loaded by now stays for good: the collector need not look at it with every request.
    gc.freeze()
    return made
