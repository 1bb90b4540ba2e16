"""Operations of tools and jobs."""

from http import HTTPStatus

from craftspark import errors
from lambdas.http.file_views import FileList, ZipView
from lambdas.http.job_summaries import JobSummary
from lambdas.http.openapi.operation import Operation
from lambdas.http.openapi.parameters import (
    CURSOR,
    IDEMPOTENCY_KEY,
    IF_NONE_MATCH,
    JOB_ID,
    LIMIT,
    SINCE,
    STATE,
    TOOL,
    UNTIL,
)
from lambdas.http.views import JobChanges, JobPage, JobView, QuoteView, ToolList

JOB_OPERATIONS = {
    "list_tools": Operation(
        fixed=True,
        summary="List the tools",
        description="Returns each tool with its price, the values that its requests support, and the JSON schema of "
        "its requests.",
        success="The tools.",
        answer=ToolList,
    ),
    "submit_job": Operation(
        summary="Create a job with {title}",
        description="Reserves the price of the job and queues it. When the job has ended, delivered images are charged "
        "and the rest is refunded.\n\n"
        "Send an `Idempotency-Key` so that a retry does not create a second job. To follow the job, call "
        "`GET /v1/jobs/{job_id}` at the pace of `Retry-After`, or use live updates or webhooks.",
        success="The job is queued.",
        answer=JobSummary,
        status=HTTPStatus.ACCEPTED,
        parameters=(IDEMPOTENCY_KEY,),
        headers={
            "Location": "URL of the job, relative to the URL of this request.",
            "Retry-After": "Recommended number of seconds to wait before reading the job, 1 to 30.",
        },
        of_words=(errors.PromptRefused, errors.ModerationUnavailable),
        refusals=(
            errors.InvalidInput,
            errors.BodyTooLarge,
            errors.CreditsInsufficient,
            errors.TooManyActiveJobs,
            errors.TooManyRequests,
            errors.RenderTooLong,
            errors.BacklogTooLong,
            errors.CapacityInsufficient,
            errors.WaitTooLong,
            errors.PlanExceeded,
            errors.AccountSuspended,
            errors.IdempotencyKeyReused,
            errors.AccountContended,
        ),
    ),
    "quote_job": Operation(
        summary="Quote a job with {title}",
        description="Returns the price and the estimated duration of a job, and cheaper variants of its request. "
        "Nothing is reserved or charged.",
        success="The quote.",
        answer=QuoteView,
        # A quote counts refused words only.
        of_words=(
            errors.PromptRefused,
            errors.TooManyRequests,
            errors.ModerationUnavailable,
            errors.AccountContended,
        ),
        refusals=(
            errors.InvalidInput,
            errors.BodyTooLarge,
            errors.RenderTooLong,
            errors.BacklogTooLong,
            errors.CapacityInsufficient,
        ),
    ),
    "list_jobs": Operation(
        summary="List your jobs",
        description="Returns your jobs, newest first, with URLs of thumbnails. The query parameters select jobs by "
        "tool, state and time of creation.",
        success="A page of jobs.",
        answer=JobPage,
        parameters=(LIMIT, CURSOR, TOOL, STATE, SINCE, UNTIL),
        refusals=(errors.InvalidInput, errors.ToolUnknown),
    ),
    "read_job": Operation(
        summary="Read a job",
        description="Returns a job with its images. Images appear while the job is in progress. The URLs of their "
        "files are temporary: read the job again to get new ones.\n\n"
        "To wait for the end of the job, call this operation at the pace of `Retry-After` and send the last `ETag` as "
        "`If-None-Match`.",
        success="The job.",
        answer=JobView,
        parameters=(JOB_ID, IF_NONE_MATCH),
        not_modified=True,
        headers={
            "ETag": "Version of the response, for `If-None-Match`.",
            "Retry-After": "Recommended number of seconds to wait before reading the job again, 1 to 30. Absent when "
            "the job has ended.",
        },
        refusals=(errors.JobNotFound,),
    ),
    "list_files": Operation(
        summary="List the files of a job",
        description="Returns the files of all delivered images with the names under which they are downloaded, and the "
        "terms of the images. The URLs are temporary: call the operation again to get new ones.",
        success="The files.",
        answer=FileList,
        parameters=(JOB_ID,),
        refusals=(errors.JobNotFound,),
    ),
    "zip_files": Operation(
        summary="Zip the files of a job",
        description="Returns a URL of a zip file with all files of a job that has ended, and with the terms of its "
        "images in `licence.txt`. The zip file is made on the first request, which takes some seconds, and kept for a "
        "day.",
        success="The zip file.",
        answer=ZipView,
        parameters=(JOB_ID,),
        refusals=(errors.JobNotFound, errors.JobUnfinished, errors.FilesMissing, errors.FilesTooLarge),
    ),
    "change_job": Operation(
        summary="Rename a job",
        description="Sets or removes the title of a job. Downloaded files are named after the title.",
        success="The job.",
        answer=JobSummary,
        body=JobChanges,
        parameters=(JOB_ID,),
        refusals=(errors.InvalidInput, errors.BodyTooLarge, errors.JobNotFound),
    ),
    "delete_images": Operation(
        summary="Delete the images of a job",
        description="Permanently deletes the files of a job that has ended. The job itself stays in the list. Charged "
        "credits are not refunded.",
        success="The job.",
        answer=JobSummary,
        parameters=(JOB_ID,),
        refusals=(errors.JobNotFound, errors.JobUnfinished),
    ),
    "delete_job": Operation(
        summary="Delete a job",
        description="Permanently deletes a job that has ended, with its request and its files. Charged credits are not "
        "refunded. The ledger keeps the entries of the job.",
        success="The job is deleted.",
        answer=None,
        status=HTTPStatus.NO_CONTENT,
        parameters=(JOB_ID,),
        refusals=(errors.JobNotFound, errors.JobUnfinished),
    ),
    "cancel_job": Operation(
        summary="Cancel a job",
        description="Ends a job immediately. Images that are already stored are delivered and charged. The rest is "
        "refunded.",
        success="The cancelled job.",
        answer=JobSummary,
        parameters=(JOB_ID,),
        refusals=(errors.JobNotFound, errors.JobAlreadyFinal, errors.AccountContended),
    ),
}
