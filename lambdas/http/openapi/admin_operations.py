"""Operations for administrators."""

from craftspark import errors
from lambdas.http.account_views import (
    AccountView,
    CreditChange,
    InspectedAccount,
    MakerList,
    PlanChange,
    SuspensionChange,
)
from lambdas.http.audit_views import AuditPage
from lambdas.http.openapi.operation import Operation
from lambdas.http.openapi.parameters import (
    ACT_KIND,
    AUDITED_MAKER,
    CURSOR,
    IDEMPOTENCY_KEY,
    JOB_ID,
    LIMIT,
    MAKER_EMAIL,
    MAKER_IN_PATH,
    MAKER_SUBJECT,
    SINCE,
    STATE,
    TOOL,
    UNTIL,
)
from lambdas.http.views import AccountJobPage, InspectedJob

ACCOUNT = "The account."
ADMIN_OPERATIONS = {
    "find_makers": Operation(
        summary="Find a maker",
        description="Finds users of the user pool by email address or ID. The audit log records each user in the "
        "response. A stage with its own token issuer has no user pool and refuses the request.",
        success="The makers that match.",
        answer=MakerList,
        parameters=(MAKER_EMAIL, MAKER_SUBJECT),
        refusals=(errors.InvalidInput,),
    ),
    "list_account_jobs": Operation(
        summary="List the jobs of a maker",
        description="Returns the jobs of a maker, newest first, without URLs of their images. The audit log records "
        "the request.",
        success="A page of jobs.",
        answer=AccountJobPage,
        parameters=(MAKER_IN_PATH, LIMIT, CURSOR, TOOL, STATE, SINCE, UNTIL),
        refusals=(errors.InvalidInput, errors.ToolUnknown, errors.AccountMissing, errors.AccountContended),
    ),
    "inspect_account": Operation(
        summary="Read the account of a maker",
        description="Returns the plan, the credits and the suspension of a maker's account, and the name in the "
        "gallery. The audit log records the request.",
        success=ACCOUNT,
        answer=InspectedAccount,
        parameters=(MAKER_IN_PATH,),
        refusals=(errors.InvalidInput, errors.AccountMissing, errors.AccountContended),
    ),
    "grant_credits": Operation(
        summary="Grant credits",
        description="Adds credits that do not expire to a maker's account. The maker sees the note in the ledger. The "
        "audit log records the request.",
        success=ACCOUNT,
        answer=AccountView,
        body=CreditChange,
        parameters=(MAKER_IN_PATH, IDEMPOTENCY_KEY),
        refusals=(
            errors.IdempotencyKeyReused,
            errors.InvalidInput,
            errors.BodyTooLarge,
            errors.AccountMissing,
            errors.AccountContended,
        ),
    ),
    "adjust_credits": Operation(
        summary="Adjust credits",
        description="Corrects the balance of a maker's account: adds credits, or deducts some of the available ones. "
        "The maker sees the note in the ledger. The audit log records the request.",
        success=ACCOUNT,
        answer=AccountView,
        body=CreditChange,
        parameters=(MAKER_IN_PATH, IDEMPOTENCY_KEY),
        refusals=(
            errors.IdempotencyKeyReused,
            errors.InvalidInput,
            errors.BodyTooLarge,
            errors.AccountMissing,
            errors.CreditsInsufficient,
            errors.AccountContended,
        ),
    ),
    "change_plan": Operation(
        summary="Change the plan of a maker",
        description="Changes the plan with immediate effect. If the new plan has more credits per month, the "
        "difference is granted immediately. The audit log records the request.",
        success=ACCOUNT,
        answer=AccountView,
        body=PlanChange,
        parameters=(MAKER_IN_PATH,),
        refusals=(errors.InvalidInput, errors.BodyTooLarge, errors.AccountMissing, errors.AccountContended),
    ),
    "suspend_account": Operation(
        summary="Suspend an account or end its suspension",
        description="A suspended maker can read, cancel and delete, but cannot create jobs, quotes, uploads, webhooks "
        "or live connections. Jobs that are in progress continue. The audit log records the request.",
        success=ACCOUNT,
        answer=AccountView,
        body=SuspensionChange,
        parameters=(MAKER_IN_PATH,),
        refusals=(errors.InvalidInput, errors.BodyTooLarge, errors.AccountMissing, errors.AccountContended),
    ),
    "list_audit": Operation(
        summary="List what administrators did",
        description="Returns the entries of the audit log, newest first: of all accounts, or of one `maker`. Acts on a "
        "picture belong to the account of its maker.",
        success="A page of the audit log.",
        answer=AuditPage,
        parameters=(ACT_KIND, AUDITED_MAKER, LIMIT, CURSOR),
        refusals=(errors.InvalidInput,),
    ),
    "inspect_job": Operation(
        summary="Read a job of any maker",
        description="Returns a job with its images, without their URLs. The audit log records the request.",
        success="The job.",
        answer=InspectedJob,
        parameters=(JOB_ID,),
        refusals=(errors.JobNotFound,),
    ),
}
