"""Buckets refuse links and requests with a signature of version 2.

Gap: the emulator accepts them, and such a link neither expires nor fits one object. On AWS, buckets made after
24 June 2020 refuse the old version, which boto3 still chooses for links of us-east-1.

https://docs.aws.amazon.com/AmazonS3/latest/API/specify-signature-version.html
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ministack.services import s3

from local_cloud.emulator.patching import Extension, Patch

MESSAGE = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."


def extend_handler(handle: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def refuse_or_handle(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any], **options: Any
    ) -> Any:
        if headers.get("authorization", "").startswith("AWS ") or {"AWSAccessKeyId", "Signature"} <= set(query):
            return s3._error("InvalidRequest", MESSAGE, 400, path)
        return await handle(method, path, headers, body, query, **options)

    return refuse_or_handle


PATCH = Patch(
    name="S3 signature version",
    gap="signatures of version 2 are accepted, and their links do not expire",
    targets=(Extension(s3, "handle_request", "0856144f19e733b438aed58ad5095720", extend_handler),),
)
