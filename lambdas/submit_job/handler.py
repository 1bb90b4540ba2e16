"""POST /v1/tools/{tool}/jobs: accept a job."""

import gc
from datetime import timedelta
from functools import cache
from http import HTTPStatus

from craftspark.aws import clients
from craftspark.aws.accounts import Accounts
from craftspark.aws.intake import IntakeQueue
from craftspark.aws.job_book import Acceptance
from craftspark.aws.releases import Releases
from craftspark.aws.sources import Sources
from craftspark.aws.uploads import UploadBucket
from craftspark.catalogue import find_model
from craftspark.plans import find_plan
from craftspark.settings import SubmitSettings
from craftspark.submissions import Submissions
from lambdas.endpoint import Request, Response, endpoint, idempotency_key_of
from lambdas.log import logger
from lambdas.measures import event
from lambdas.views import job_summary


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
            uploads=UploadBucket(
                client=clients.s3(),
                bucket=settings.uploads_bucket,
                kept=timedelta(days=settings.uploads_kept_days),
            ),
        ),
        model=find_model(settings.model),
        deadline=timedelta(seconds=settings.job_deadline_s),
        retention=timedelta(days=settings.job_retention_days),
    )
    # All that is loaded by now stays for good: the collector need not look at it with every request.
    gc.freeze()
    return made


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    key = idempotency_key_of(request)
    job = submissions().submit(request.maker, request.path["tool"], request.body, idempotency_key=key)
    facts = {"job_id": job.job_id, "tool": job.tool, "lane": job.lane, "price": job.price}
    logger.info("job accepted", extra={**facts, **event("JobAccepted")})
    return Response(
        status=HTTPStatus.ACCEPTED,
        body=job_summary(job),
        headers={"Location": f"/v1/jobs/{job.job_id}", "Retry-After": "1"},
    )
