"""A distribution reaches an API by the API's address.

Gap: the emulator refuses to send requests to names of AWS, and answers 502. With this patch, it sends a request for
`<api>.execute-api.<region>.amazonaws.com` to itself, where quotas and faults treat it as they treat any other.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistS3AndCustomOrigins.html
"""

import os
import re
from collections.abc import Mapping
from typing import Any

from ministack.services import cloudfront

from local_cloud.emulator.patching import Patch, Replacement

API = re.compile(r"([a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com")
_forward_to_origin = cloudfront._forward_to_origin


def forward_to_origin(origin: Mapping[str, Any], method: str, uri: str, *rest: Any) -> Any:
    found = API.fullmatch(origin["domain_name"])
    if found is None:
        return _forward_to_origin(origin, method, uri, *rest)
    here = {
        "domain_name": os.environ["MINISTACK_HOST"],
        "http_port": int(os.environ["GATEWAY_PORT"]),
        "protocol_policy": "http-only",
    }
    return _forward_to_origin({**origin, **here}, method, f"/_aws/execute-api/{found[1]}{uri}", *rest)


PATCH = Patch(
    name="CloudFront API origins",
    gap="a distribution does not reach an API",
    targets=(Replacement(cloudfront, "_forward_to_origin", "439eb28c48e8cf9ffc8a7383daab8422", forward_to_origin),),
)
