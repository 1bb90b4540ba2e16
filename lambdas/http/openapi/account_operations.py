"""Operations of a maker's account: plan and credits, uploads, live updates and webhooks."""

from http import HTTPStatus

from craftspark import errors
from lambdas.http.account_views import AccountView, LedgerPage, PlanList
from lambdas.http.openapi.operation import Operation
from lambdas.http.openapi.parameters import CURSOR, IDEMPOTENCY_KEY, LIMIT, UPLOAD_ID, WEBHOOK_ID
from lambdas.http.upload_views import UploadForm, UploadPage, UploadRequest, UploadView
from lambdas.http.views import LiveView
from lambdas.http.webhook_views import DeliveryList, WebhookList, WebhookRequest, WebhookView

ACCOUNT_OPERATIONS = {
    "read_account": Operation(
        summary="Read your account",
        description="Returns your plan with its limits, your credits and the number of your unfinished jobs. A "
        "new maker gets an account with the default plan on first use.",
        success="Your account.",
        answer=AccountView,
        refusals=(errors.AccountContended,),
    ),
    "list_plans": Operation(
        fixed=True,
        summary="List the plans",
        description="Returns all plans with their credits and limits. No token is needed.",
        success="The plans.",
        answer=PlanList,
    ),
    "list_ledger": Operation(
        summary="List your ledger",
        description="Returns every change of your credits, newest first: grants, reservations, charges, refunds, "
        "expired credits and adjustments.",
        success="A page of ledger entries.",
        answer=LedgerPage,
        parameters=(LIMIT, CURSOR),
        refusals=(errors.InvalidInput,),
    ),
    "list_uploads": Operation(
        summary="List your uploads",
        description="Returns your uploads, newest first. Expired and deleted uploads are not included.",
        success="A page of uploads.",
        answer=UploadPage,
        parameters=(LIMIT, CURSOR),
        refusals=(errors.InvalidInput,),
    ),
    "create_upload": Operation(
        summary="Create an upload",
        description="Returns a form for sending an image to Amazon S3. Send the form, then call "
        "`POST /v1/uploads/{upload_id}/check` within an hour. Your plan limits the number of unchecked uploads.",
        success="The upload is open.",
        answer=UploadForm,
        body=UploadRequest,
        status=HTTPStatus.CREATED,
        parameters=(IDEMPOTENCY_KEY,),
        refusals=(
            errors.IdempotencyKeyReused,
            errors.InvalidInput,
            errors.TooManyOpenUploads,
            errors.AccountContended,
            errors.BodyTooLarge,
        ),
    ),
    "check_upload": Operation(
        summary="Check an upload",
        description="Validates and moderates the image, removes its metadata and converts it to sRGB. The upload is "
        "then ready as a `source` for the tools. PNG, JPEG and WebP with sides of 16 to 4096 pixels and an aspect "
        "ratio of at most 8:1 are supported. A repeated check of a ready upload returns the same result.",
        success="The upload is ready.",
        answer=UploadView,
        parameters=(UPLOAD_ID,),
        refusals=(
            errors.InvalidInput,
            errors.UploadNotFound,
            errors.TooManyRequests,
            errors.AccountContended,
            errors.ModerationUnavailable,
        ),
    ),
    "delete_upload": Operation(
        summary="Delete an upload",
        description="Permanently deletes an upload and its image. A job that has not fetched the image yet fails and "
        "is refunded.",
        success="The upload is deleted.",
        answer=None,
        status=HTTPStatus.NO_CONTENT,
        parameters=(UPLOAD_ID,),
        refusals=(errors.UploadNotFound,),
    ),
    "open_live": Operation(
        summary="Open a live connection",
        description="Returns a WebSocket URL. The connection receives JSON messages about all your jobs, with the "
        "types `job.state`, `job.progress`, `image.done` and `job.deleted`. API Gateway closes it after two hours.",
        success="The URL is ready.",
        answer=LiveView,
        status=HTTPStatus.CREATED,
    ),
    "list_webhooks": Operation(
        summary="List your webhooks",
        description="Returns all your webhooks, without their secrets.",
        success="Your webhooks.",
        answer=WebhookList,
    ),
    "create_webhook": Operation(
        summary="Create a webhook",
        description="Registers an HTTPS endpoint. It receives a `job.settled` message when one of your jobs ends, "
        "signed as specified by Standard Webhooks (standardwebhooks.com). A failed delivery is retried up to seven "
        "times within about 14 hours. The host must have public addresses only. Your plan limits the number of "
        "webhooks.\n\nThe response contains the secret once. A retry with the same `Idempotency-Key` does not return "
        "it.",
        success="The webhook is active.",
        answer=WebhookView,
        body=WebhookRequest,
        status=HTTPStatus.CREATED,
        parameters=(IDEMPOTENCY_KEY,),
        refusals=(
            errors.IdempotencyKeyReused,
            errors.InvalidInput,
            errors.BodyTooLarge,
            errors.PlanExceeded,
            errors.AccountContended,
        ),
    ),
    "delete_webhook": Operation(
        summary="Delete a webhook",
        description="Stops all deliveries to the endpoint, retries included.",
        success="The webhook is deleted.",
        answer=None,
        status=HTTPStatus.NO_CONTENT,
        parameters=(WEBHOOK_ID,),
        refusals=(errors.WebhookNotFound, errors.AccountContended),
    ),
    "rotate_webhook_secret": Operation(
        summary="Rotate the secret of a webhook",
        description="Creates a new secret. For 24 hours, messages are signed with the old and the new secret.\n\n"
        "The response contains the new secret once. A retry with the same `Idempotency-Key` does not return it.",
        success="The webhook with its new secret.",
        answer=WebhookView,
        parameters=(WEBHOOK_ID, IDEMPOTENCY_KEY),
        refusals=(
            errors.IdempotencyKeyReused,
            errors.InvalidInput,
            errors.BodyTooLarge,
            errors.WebhookNotFound,
            errors.AccountContended,
        ),
    ),
    "list_deliveries": Operation(
        summary="List the deliveries of a webhook",
        description="Returns the delivery attempts of the last 30 days, newest first, with the status or the error of "
        "each.",
        success="The delivery attempts.",
        answer=DeliveryList,
        parameters=(WEBHOOK_ID, LIMIT),
        refusals=(errors.InvalidInput, errors.WebhookNotFound),
    ),
}
