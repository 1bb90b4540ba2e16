"""Makers who call one operation each, and what it needs before and in a request."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from craftspark.accounts.plans import PLANS
from craftspark.aws import clients
from craftspark.gallery.pictures import author_of
from craftspark.jobs.job import image_key, thumbnail_key
from craftspark.routes import ADMIN, ROUTES
from craftspark.tools import TOOLS
from craftspark.uploads import incoming_key
from tests.aws.api import ADMIN_SCOPE, MAKER_SCOPE, Answer, account, call, settle, store
from tests.aws.conftest import ACCOUNTS, IMAGES, SMALL, UPLOADS, client_of
from tests.aws.test_uploads import a_png

FUNCTIONS = {route.function: route for route in ROUTES}


UNKNOWN = "a" * 26


# What a request needs in its query.
QUERIES = {"find_makers": {"email": "ann@example.com"}, "search_pictures": {"words": "apple"}}


BODIES: dict[str, Any] = {
    "create_upload": {"content_type": "image/png"},
    "create_webhook": {"url": "https://hooks.example.com/a"},
    "change_job": {"title": "Apples"},
    "publish_image": {"title": "Red apple", "tags": ["apple"], "licence": "cc-by-4.0"},
    "change_profile": {"name": "Ann"},
    "report_picture": {"reason": "spam"},
    "take_down_picture": {"reason": "copyright", "words": "a brand's sign"},
    "appeal_takedown": {"words": "It is mine."},
    "remove_name": {"reason": "a brand's name"},
    "grant_credits": {"credits": 5, "note": "order 1"},
    "adjust_credits": {"credits": -1, "note": "order 1"},
    "change_plan": {"plan": "plus"},
    "suspend_account": {"reason": "abuse"},
}
# Changes that make another valid request. A secret's route takes no body, but compares the bodies of requests anyway.
OTHERS: dict[str, Any] = {
    "create_upload": {"content_type": "image/jpeg"},
    "create_webhook": {"url": "https://hooks.example.com/b"},
    "rotate_webhook_secret": {"again": True},
    "grant_credits": {"note": "order 2"},
    "adjust_credits": {"note": "order 2"},
}


@dataclass
class Caller:
    """A separate maker who calls one operation."""

    function: str
    tool: str
    maker: str
    patch: pytest.MonkeyPatch
    operation: str
    path: dict[str, str] = field(default_factory=dict)
    source: str = ""

    def ask(self, function: str | None = None, **parts: Any) -> Answer:
        """Send a valid request, except for the given parts."""
        name = function or self.function
        route = FUNCTIONS[name]
        admin = route.scope == ADMIN
        values = {"job_id": UNKNOWN, "upload_id": UNKNOWN, "webhook_id": UNKNOWN, "picture_id": UNKNOWN, "index": "0"}
        values["author"] = author_of(self.maker)
        values |= {"maker": self.maker, "tool": self.tool, **self.path}
        request = {
            "maker": "operator" if admin else self.maker,
            "scope": ADMIN_SCOPE if admin else MAKER_SCOPE,
            "path": {name: value for name, value in values.items() if f"{{{name}}}" in route.path},
            "body": self.body if name == self.function else BODIES.get(name),
            "query": QUERIES.get(name),
        }
        return call(name, **{**request, **parts})

    @property
    def body(self) -> Any:
        if "{tool}" not in FUNCTIONS[self.function].path:
            return BODIES.get(self.function)
        tool = TOOLS[self.tool]
        return {**tool.request.add_sources(tool.example, [self.source] if self.source else []), "count": 1}

    def put(self, **values: Any) -> None:
        """Write values into the account that would take many requests."""
        put(ACCOUNTS, self.maker, "account", **values)

    def prepare(self) -> None:
        """Create the resources that the function needs."""
        account(self.maker)
        route = FUNCTIONS[self.function]
        if "{job_id}" in route.path:
            self.job(ended=self.function in ("delete_job", "delete_images", "publish_image", "zip_files"))
        elif "{picture_id}" in route.path:
            self.job(ended=True)
            self.path["picture_id"] = self.ask("publish_image").body["picture_id"]
            if self.function in ("appeal_takedown", "restore_picture"):
                self.ask("take_down_picture")
        elif "{author}" in route.path:
            self.job(ended=True)
            self.ask("publish_image")
        elif self.function == "remove_name":
            self.ask("change_profile", body={"name": self.maker})
        elif "webhook" in route.path:
            self.limit(webhooks=2)
            if "{webhook_id}" in route.path:
                self.path = {"webhook_id": self.ask("create_webhook").body["webhook_id"]}
        elif "{upload_id}" in route.path:
            self.picture()
        elif "{tool}" in route.path and TOOLS[self.tool].example_request.wanted_sources:
            self.job(ended=True)
            self.source = f"{self.path['job_id']}/0"

    def job(self, *, ended: bool) -> None:
        body = {"prompt": "a red apple", "count": 1}
        accepted = call("submit_job", maker=self.maker, path={"tool": "picture"}, body=body)
        self.path = {"job_id": accepted.body["job_id"]}
        if ended:
            store(self.path["job_id"], 0, alpha=True)
            for key in (image_key(self.path["job_id"], 0), thumbnail_key(self.path["job_id"], 0)):
                client_of("s3").put_object(Bucket=IMAGES, Key=key, Body=b"a picture")
            settle(self.path["job_id"])

    def picture(self, content: bytes | None = None) -> None:
        upload_id = self.ask("create_upload").body["upload_id"]
        self.path = {"upload_id": upload_id}
        key = incoming_key(self.maker, upload_id)
        client_of("s3").put_object(Bucket=UPLOADS, Key=key, Body=content or a_png())

    def limit(self, **limits: Any) -> None:
        self.patch.setitem(PLANS, SMALL.name, replace(SMALL, **limits))

    def setting(self, **settings: Any) -> None:
        for name, value in settings.items():
            self.patch.setenv(f"CRAFTSPARK_{name.upper()}", str(value))


def put(table: str, maker: str, item: str, **values: Any) -> None:
    clients.dynamodb().update_item(
        TableName=table,
        Key={"maker": {"S": maker}, "item": {"S": item}},
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
        ExpressionAttributeNames={f"#{name}": name for name in values},
        ExpressionAttributeValues={
            f":{name}": {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in values.items()
        },
    )
