"""A behaviour that names no methods allows GET and HEAD.

Gap: in the emulator, it allows all of them, so that pictures and pages are answers to POST, PUT and DELETE too.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html
"""

from typing import Any

from ministack.services import cloudfront

from local_cloud.emulator.patching import Patch, Replacement

READING = ["GET", "HEAD"]
_allowed_methods = cloudfront._dataplane_allowed_methods


def allowed_methods(behavior: Any) -> list[str]:
    return _allowed_methods(behavior) or READING


PATCH = Patch(
    name="CloudFront allowed methods",
    gap="a behaviour that names no methods allows all of them",
    targets=(
        Replacement(cloudfront, "_dataplane_allowed_methods", "c00e31809b616d0afc8372dc20458c4c", allowed_methods),
    ),
)
