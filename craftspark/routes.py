"""The API's routes: which request goes to which Lambda."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Route:
    """`function` names the folder under `lambdas/` whose `handler.py` answers."""

    method: str
    path: str
    function: str


ROUTES = (
    Route("GET", "/v1/account", "read_account"),
    Route("GET", "/v1/account/ledger", "list_ledger"),
    Route("GET", "/v1/tools", "list_tools"),
    Route("POST", "/v1/tools/{tool}/jobs", "submit_job"),
    Route("POST", "/v1/tools/{tool}/quotes", "quote_job"),
    Route("POST", "/v1/uploads", "create_upload"),
    Route("POST", "/v1/uploads/{upload_id}/check", "check_upload"),
    Route("POST", "/v1/live", "open_live"),
    Route("GET", "/v1/jobs", "list_jobs"),
    Route("GET", "/v1/jobs/{job_id}", "read_job"),
    Route("DELETE", "/v1/jobs/{job_id}", "cancel_job"),
    Route("PATCH", "/v1/jobs/{job_id}", "change_job"),
    Route("DELETE", "/v1/jobs/{job_id}/images", "delete_images"),
)
