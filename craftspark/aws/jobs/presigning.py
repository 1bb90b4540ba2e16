"""Presigned links without botocore's pipeline of events: the same bytes, for a tenth of its CPU.

A status answers two links an image and more; botocore takes a quarter of a millisecond for each. The place of a bucket
(host and path, by region, endpoint and addressing) is asked of botocore once; what is left is Signature Version 4 in a
query, https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from craftspark.jobs.downloads import Download

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ALGORITHM = "AWS4-HMAC-SHA256"
DISPOSITION = "response-content-disposition"


def utc_second() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Presigner:
    """Links to objects of a bucket.

    A link is good for `lifetime_s` seconds from its signing time, which is rounded down to half of that: for so long
    the same object has the same link, and a new one is good for at least half of `lifetime_s`. A link ends early
    with its download's `until`, and with the credentials of the role that signed it.
    """

    client: S3Client
    bucket: str
    lifetime_s: int
    now: Callable[[], datetime] = utc_second

    @cached_property
    def _place(self) -> tuple[str, str, str]:
        """Scheme, host and the path before a key, as botocore resolves them."""
        link = self.client.generate_presigned_url("get_object", Params={"Bucket": self.bucket, "Key": "k"})
        parts = urlsplit(link)
        return parts.scheme, parts.netloc, parts.path.removesuffix("k")

    @cached_property
    def _keys(self) -> dict[tuple[str, str], bytes]:
        return {}

    @property
    def version(self) -> str:
        """Changes whenever links do: with the signing time, and with the role's credentials."""
        return f"{self._signing_time()}/{self._credentials().access_key}"

    def _signing_time(self) -> int:
        """Seconds since 1970."""
        period_s = max(1, self.lifetime_s // 2)
        return int(self.now().timestamp()) // period_s * period_s

    def _expires_s(self, signed_at: int, download: Download) -> int:
        """How long a link is good; S3 takes no less than a second."""
        if download.until is None:
            return self.lifetime_s
        return max(1, min(self.lifetime_s, int(download.until.timestamp()) - signed_at))

    def _credentials(self) -> Any:
        # Credentials of a role change every few hours: botocore renews them when they are asked for.
        signer: Any = self.client._request_signer  # type: ignore[attr-defined]
        return signer._credentials.get_frozen_credentials()

    def links(self, downloads: Iterable[Download]) -> list[str]:
        """A link to each object; all of one signing time. What a link says of its file's name is signed with it."""
        credentials = self._credentials()
        scheme, host, prefix = self._place
        signed_at = self._signing_time()
        moment = datetime.fromtimestamp(signed_at, UTC).strftime("%Y%m%dT%H%M%SZ")
        day, region = moment[:8], self.client.meta.region_name
        scope = f"{day}/{region}/s3/aws4_request"
        before = (
            f"X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={quote(f'{credentials.access_key}/{scope}', safe='-_.~')}"
            f"&X-Amz-Date={moment}&X-Amz-Expires="
        )
        # The canonical request has the parameters in the order of their names.
        token = f"&X-Amz-Security-Token={quote(credentials.token, safe='-_.~')}" if credentials.token else ""
        key = self._signing_key(credentials.secret_key, day, region)
        start = f"{ALGORITHM}\n{moment}\n{scope}\n".encode()
        made = []
        for each in downloads:
            path = prefix + quote(each.key, safe="/~")
            named = f"{DISPOSITION}={quote(each.disposition, safe='-_.~')}" if each.disposition else ""
            expires_s = self._expires_s(signed_at, each)
            canonical_query = f"{before}{expires_s}{token}&X-Amz-SignedHeaders=host"
            # Capitals sort before small letters, so this parameter is the last.
            canonical_named = f"{canonical_query}&{named}" if named else canonical_query
            canonical = f"GET\n{path}\n{canonical_named}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD"
            digest = hashlib.sha256(canonical.encode()).hexdigest().encode()
            signature = hmac.digest(key, start + digest, "sha256").hex()
            query = f"{before}{expires_s}&X-Amz-SignedHeaders=host{token}"
            asked = f"{named}&{query}" if named else query
            made.append(f"{scheme}://{host}{path}?{asked}&X-Amz-Signature={signature}")
        return made

    def _signing_key(self, secret: str, day: str, region: str) -> bytes:
        """The day's key, derived once."""
        known = self._keys.get((secret, day))
        if known is None:
            known = f"AWS4{secret}".encode()
            for part in (day, region, "s3", "aws4_request"):
                known = hmac.digest(known, part.encode(), "sha256")
            self._keys.clear()
            self._keys[secret, day] = known
        return known
