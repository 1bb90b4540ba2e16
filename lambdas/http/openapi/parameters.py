"""The parameters of the API's operations. The document has each of them once, under `components`."""

from dataclasses import dataclass
from typing import Any, Literal

from craftspark.aws.accounts.audit import ACT_KINDS
from craftspark.gallery.pictures import MAX_TAG
from craftspark.gallery.search import MAX_FOUND, MAX_WORDS
from craftspark.jobs.job import JobState
from craftspark.parsing.values import MAX_EMAIL, MAX_KEY, MAX_MAKER
from craftspark.tools import TOOLS
from craftspark.tools.request import MAX_COUNT
from lambdas.http.gallery_views import SORTS
from lambdas.http.pages import ITEMS, MAX_ITEMS, PICTURES

ID = {"type": "string", "pattern": "^[a-z2-7]{26}$"}
MAKER = {"type": "string", "minLength": 1, "maxLength": MAX_MAKER, "pattern": "^[!-~]+$"}
TIMESTAMP = {"type": "string", "format": "date-time"}


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """`component` names the parameter within the document, `name` in requests. Parameters in a path are required."""

    component: str
    name: str
    place: Literal["path", "query", "header"]
    description: str
    schema: dict[str, Any]

    @property
    def reference(self) -> dict[str, str]:
        return {"$ref": f"#/components/parameters/{self.component}"}

    def describe(self) -> dict[str, Any]:
        """The OpenAPI parameter object."""
        required = {"required": True} if self.place == "path" else {}
        described = {"name": self.name, "in": self.place, **required, "description": self.description}
        return {**described, "schema": self.schema}


def _tool(component: str, description: str) -> Parameter:
    schema = {"type": "string", "enum": list(TOOLS)}
    return Parameter(component=component, name="tool", place="query", description=description, schema=schema)


def _limit(component: str, *, of: str, default: int, maximum: int = MAX_ITEMS) -> Parameter:
    return Parameter(
        component=component,
        name="limit",
        place="query",
        description=f"Maximum number of {of} in the response.",
        schema={"type": "integer", "minimum": 1, "maximum": maximum, "default": default},
    )


JOB_ID = Parameter(component="JobId", name="job_id", place="path", description="ID of the job.", schema=ID)
UPLOAD_ID = Parameter(component="UploadId", name="upload_id", place="path", description="ID of the upload.", schema=ID)
WEBHOOK_ID = Parameter(
    component="WebhookId", name="webhook_id", place="path", description="ID of the webhook.", schema=ID
)
PICTURE_ID = Parameter(
    component="PictureId", name="picture_id", place="path", description="ID of the picture.", schema=ID
)
IMAGE_INDEX = Parameter(
    component="ImageIndex",
    name="index",
    place="path",
    description="Number of the image within its job, from 0.",
    schema={"type": "integer", "minimum": 0, "maximum": MAX_COUNT - 1},
)
PICTURE_TOOL = _tool("PictureTool", "Only pictures that this tool made.")
PICTURE_SORT = Parameter(
    component="PictureSort",
    name="sort",
    place="query",
    description="Order of the pictures: `newest`, or `popular`, the most liked of recent times. Popular pictures are "
    "listed for all tools or one `tool`. Their order is renewed every minute; a walk through the pages keeps the "
    "order of its first page, for an hour.",
    schema={"type": "string", "enum": list(SORTS), "default": "newest"},
)
PICTURE_TAG = Parameter(
    component="PictureTag",
    name="tag",
    place="query",
    description="Only pictures with this tag.",
    schema={"type": "string", "minLength": 1, "maxLength": MAX_TAG},
)
PICTURE_AUTHOR = Parameter(
    component="PictureAuthor", name="author", place="query", description="Only pictures of this author.", schema=ID
)
AUTHOR = Parameter(
    component="Author", name="author", place="path", description="ID of the maker in the gallery.", schema=ID
)
PICTURE_LIMIT = _limit("PictureLimit", of="pictures", default=PICTURES)
SEARCH_WORDS = Parameter(
    component="SearchWords",
    name="words",
    place="query",
    description="What the pictures show, in English. Pictures with a tag that is exactly these words come first. Of "
    "long texts, the first words count most. Send this, `like`, or both.",
    schema={"type": "string", "maxLength": MAX_WORDS},
)
SEARCH_LIKE = Parameter(
    component="SearchLike",
    name="like",
    place="query",
    description="ID of a published picture: similar pictures are found. Send this, `words`, or both.",
    schema=ID,
)
SEARCH_LIMIT = _limit("SearchLimit", of="pictures", default=PICTURES, maximum=MAX_FOUND)
MAKER_IN_PATH = Parameter(
    component="Maker",
    name="maker",
    place="path",
    description="ID of the maker: the `sub` claim of their access tokens.",
    schema=MAKER,
)
MAKER_SUBJECT = Parameter(
    component="MakerSubject",
    name="maker",
    place="query",
    description="ID of the maker: the `sub` claim of their access tokens. Set this or `email`.",
    schema=MAKER,
)
MAKER_EMAIL = Parameter(
    component="MakerEmail",
    name="email",
    place="query",
    description="Email address that the maker signs in with. Set this or `maker`.",
    schema={"type": "string", "format": "email", "maxLength": MAX_EMAIL},
)
AUDITED_MAKER = Parameter(
    component="AuditedMaker",
    name="maker",
    place="query",
    description="Only acts on the account of this maker: the `sub` claim of their access tokens.",
    schema=MAKER,
)
ACT_KIND = Parameter(
    component="ActKind",
    name="kind",
    place="query",
    description="Which acts: `change` for those that changed an account, a picture or a name, `access` for those that "
    "read an account, its jobs or who its maker is.",
    schema={"type": "string", "enum": list(ACT_KINDS), "default": ACT_KINDS[0]},
)
IDEMPOTENCY_KEY = Parameter(
    component="IdempotencyKey",
    name="Idempotency-Key",
    place="header",
    description="Makes retries safe. For 35 days, a request with the same key, path and body has no second effect and "
    "returns the result of the first request. A different request with the same key is refused with "
    "`IdempotencyKeyReused`. Without a key, each request has its own effect.",
    schema={"type": "string", "minLength": 1, "maxLength": MAX_KEY, "pattern": "^[ -~]+$"},
)
IF_NONE_MATCH = Parameter(
    component="IfNoneMatch",
    name="If-None-Match",
    place="header",
    description="`ETag` of the last response. The response is 304 if nothing has changed since.",
    schema={"type": "string"},
)
LIMIT = _limit("Limit", of="items", default=ITEMS)
CURSOR = Parameter(
    component="Cursor",
    name="cursor",
    place="query",
    description="`next_cursor` of the previous page. Without it, the response is the first page.",
    schema={"type": "string"},
)
TOOL = _tool("Tool", "Only jobs with this tool.")
STATE = Parameter(
    component="State",
    name="state",
    place="query",
    description="Only jobs in this state.",
    schema={"type": "string", "enum": list(JobState)},
)
SINCE = Parameter(
    component="Since",
    name="since",
    place="query",
    description="Only jobs created at or after this time.",
    schema=TIMESTAMP,
)
UNTIL = Parameter(
    component="Until",
    name="until",
    place="query",
    description="Only jobs created at or before this time.",
    schema=TIMESTAMP,
)
