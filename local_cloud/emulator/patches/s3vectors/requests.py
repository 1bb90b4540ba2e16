"""The requests of S3 Vectors.

Gap: the emulator does not have the service. A request reaches it by the service's name in the signature.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-vectors.html
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from ministack import app
from ministack.core import iam_evaluator
from ministack.core.iam_actions import access_denied_response
from ministack.core.responses import get_account_id, get_region
from ministack.core.router import extract_access_key_id

from local_cloud.emulator.patching import Patch, Replacement
from local_cloud.emulator.vectors.refusals import VectorsRefused
from local_cloud.emulator.vectors.service import Vectors

SERVICE = "s3vectors"
READ = f"{SERVICE}:GetVectors"

Answer = tuple[int, dict[str, str], bytes]

VECTORS = Vectors(lambda: f"arn:aws:{SERVICE}:{get_region()}:{get_account_id()}:")


async def handle(
    method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any], **options: Any
) -> Answer:
    """Answer a request whose action is allowed."""
    action, request = path.strip("/"), json.loads(body or b"{}")
    if action == "QueryVectors" and (request.get("filter") or request.get("returnMetadata")):
        # Both read metadata, for which the caller needs a second permission.
        denied = iam_evaluator.enforce(
            extract_access_key_id(headers, query) or "", READ, SERVICE, get_region(), VECTORS.resource_of(request)
        )
        if denied and app.AUTH:
            refusal: Answer = access_denied_response(
                SERVICE, READ, getattr(denied, "principal_arn", ""), "", headers=headers
            )
            return refusal
    try:
        answer = await asyncio.to_thread(VECTORS.answer, action, request)
    except VectorsRefused as refused:
        problem: dict[str, Any] = {"__type": refused.code, "message": refused.message}
        if refused.path:
            problem["fieldList"] = [{"path": refused.path, "message": refused.message}]
        return refused.status, {"Content-Type": "application/json", "x-amzn-ErrorType": refused.code}, _encode(problem)
    return 200, {"Content-Type": "application/json"}, _encode(answer)


def _encode(value: Any) -> bytes:
    return json.dumps(value).encode()


PATCH = Patch(
    name="S3 Vectors",
    gap="there is no S3 Vectors",
    targets=(Replacement(app.SERVICE_HANDLERS, SERVICE, None, handle),),
)
