"""The routes of the API."""

from dataclasses import dataclass
from typing import Literal

MAKER: Literal["maker"] = "maker"
ADMIN: Literal["admin"] = "admin"
PUBLIC: Literal["public"] = "public"

# `polling` are requests that clients repeat while they wait, `submissions` are requests that create the work, and
# `occasional` ones are sent by few people, or by each of them once. The functions of `searches` compute.
Traffic = Literal["submissions", "polling", "searches", "others", "occasional"]


@dataclass(frozen=True)
class Route:
    """A route and the Lambda that handles it.

    `function` is the folder of the Lambda below `lambdas/`. `scope` is the kind of scope that the caller's token needs;
    each stage maps it to scope names of its token issuer. A public route needs no token. Suspended makers cannot use a
    route that `costs`. Each route has a throttle, whose rate depends on its kind of `traffic`.
    """

    method: str
    path: str
    function: str
    scope: Literal["maker", "admin", "public"] = MAKER
    costs: bool = False
    traffic: Traffic = "others"

    @property
    def key(self) -> str:
        """The route key of API Gateway."""
        return f"{self.method} {self.path}"


ROUTES = (
    Route("GET", "/v1/account", "read_account", traffic="polling"),
    Route("GET", "/v1/account/ledger", "list_ledger"),
    Route("GET", "/v1/account/profile", "read_profile", traffic="occasional"),
    Route("PUT", "/v1/account/profile", "change_profile", costs=True, traffic="occasional"),
    Route("GET", "/v1/account/pictures", "list_own_pictures", traffic="occasional"),
    Route("GET", "/v1/plans", "list_plans", PUBLIC, traffic="occasional"),
    Route("GET", "/v1/tools", "list_tools"),
    Route("POST", "/v1/tools/{tool}/jobs", "submit_job", costs=True, traffic="submissions"),
    Route("POST", "/v1/tools/{tool}/quotes", "quote_job", costs=True, traffic="submissions"),
    Route("GET", "/v1/uploads", "list_uploads"),
    Route("POST", "/v1/uploads", "create_upload", costs=True),
    Route("DELETE", "/v1/uploads/{upload_id}", "delete_upload"),
    Route("POST", "/v1/uploads/{upload_id}/check", "check_upload", costs=True),
    Route("POST", "/v1/live", "open_live", costs=True),
    Route("GET", "/v1/jobs", "list_jobs", traffic="polling"),
    Route("GET", "/v1/jobs/{job_id}", "read_job", traffic="polling"),
    Route("PATCH", "/v1/jobs/{job_id}", "change_job"),
    Route("DELETE", "/v1/jobs/{job_id}", "delete_job"),
    Route("POST", "/v1/jobs/{job_id}/cancel", "cancel_job"),
    Route("DELETE", "/v1/jobs/{job_id}/images", "delete_images"),
    Route("GET", "/v1/jobs/{job_id}/files", "list_files"),
    Route("POST", "/v1/jobs/{job_id}/zip", "zip_files"),
    Route("POST", "/v1/jobs/{job_id}/images/{index}/publication", "publish_image", costs=True),
    Route("GET", "/v1/gallery/pictures", "list_pictures", PUBLIC),
    Route("GET", "/v1/gallery/search", "search_pictures", PUBLIC, traffic="searches"),
    Route("GET", "/v1/gallery/pictures/{picture_id}", "read_picture", PUBLIC),
    Route("DELETE", "/v1/gallery/pictures/{picture_id}", "unpublish_picture"),
    Route("GET", "/v1/gallery/pictures/{picture_id}/remixes", "list_remixes", PUBLIC),
    Route("GET", "/v1/gallery/pictures/{picture_id}/like", "read_like"),
    Route("PUT", "/v1/gallery/pictures/{picture_id}/like", "like_picture", costs=True),
    Route("DELETE", "/v1/gallery/pictures/{picture_id}/like", "unlike_picture"),
    Route("PUT", "/v1/gallery/pictures/{picture_id}/report", "report_picture", costs=True, traffic="occasional"),
    Route("POST", "/v1/gallery/pictures/{picture_id}/appeal", "appeal_takedown", traffic="occasional"),
    Route("GET", "/v1/gallery/makers/{author}", "read_maker", PUBLIC),
    Route("GET", "/v1/webhooks", "list_webhooks"),
    Route("POST", "/v1/webhooks", "create_webhook", costs=True),
    Route("DELETE", "/v1/webhooks/{webhook_id}", "delete_webhook"),
    Route("POST", "/v1/webhooks/{webhook_id}/secret", "rotate_webhook_secret", costs=True),
    Route("GET", "/v1/webhooks/{webhook_id}/deliveries", "list_deliveries"),
    Route("GET", "/v1/admin/makers", "find_makers", ADMIN, traffic="occasional"),
    Route("GET", "/v1/admin/accounts/{maker}", "inspect_account", ADMIN, traffic="occasional"),
    Route("GET", "/v1/admin/accounts/{maker}/jobs", "list_account_jobs", ADMIN, traffic="occasional"),
    Route("POST", "/v1/admin/accounts/{maker}/grants", "grant_credits", ADMIN, traffic="occasional"),
    Route("POST", "/v1/admin/accounts/{maker}/adjustments", "adjust_credits", ADMIN, traffic="occasional"),
    Route("PUT", "/v1/admin/accounts/{maker}/plan", "change_plan", ADMIN, traffic="occasional"),
    Route("PUT", "/v1/admin/accounts/{maker}/suspension", "suspend_account", ADMIN, traffic="occasional"),
    Route("POST", "/v1/admin/accounts/{maker}/name-removals", "remove_name", ADMIN, traffic="occasional"),
    Route("GET", "/v1/admin/audit", "list_audit", ADMIN, traffic="occasional"),
    Route("GET", "/v1/admin/jobs/{job_id}", "inspect_job", ADMIN, traffic="occasional"),
    Route("GET", "/v1/admin/gallery/reports", "list_reports", ADMIN, traffic="occasional"),
    Route("PUT", "/v1/admin/gallery/pictures/{picture_id}/takedown", "take_down_picture", ADMIN, traffic="occasional"),
    Route("DELETE", "/v1/admin/gallery/pictures/{picture_id}/takedown", "restore_picture", ADMIN, traffic="occasional"),
    Route("POST", "/v1/admin/gallery/pictures/{picture_id}/dismissal", "dismiss_reports", ADMIN, traffic="occasional"),
)
