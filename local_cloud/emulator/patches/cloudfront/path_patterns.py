"""A path pattern matches paths with any characters.

Gap: in the emulator, `*` and `?` match no line break, so a path with `%0A` gets that of the default behaviour.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html
"""

import re

from ministack.services import cloudfront

from local_cloud.emulator.patching import Patch, Replacement

SIGNS = {"*": ".*", "?": "."}


def glob_to_regex(pattern: str) -> re.Pattern[str]:
    path = f"/{pattern.removeprefix('/')}"
    return re.compile(f"{''.join(SIGNS.get(sign) or re.escape(sign) for sign in path)}\\Z", re.DOTALL)


PATCH = Patch(
    name="CloudFront path patterns",
    gap="a path pattern matches no line break",
    targets=(Replacement(cloudfront, "_glob_to_regex", "d9041bb8160534fe8df4e7d8432a7799", glob_to_regex),),
)
