"""Studio's files in the bucket that the distribution reads."""

from __future__ import annotations

import io
import mimetypes
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# The build names these files by their content. They never change.
HASHED = "assets/"
FOREVER = "public, max-age=31536000, immutable"
# Browsers may keep every other file, and ask each time whether it has changed.
ASK = "no-cache"
CONFIGURATION = "config.json"
# What the machine's own table of types may lack.
TYPES = {
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True, kw_only=True)
class StudioBucket:
    """Writes files and leaves those of earlier builds, because tabs that are open still load them."""

    client: S3Client
    bucket: str

    def put_configuration(self, text: str) -> None:
        """Write `config.json`, which Studio reads before all else."""
        self._put(CONFIGURATION, text.encode())

    def put_build(self, source_bucket: str, source_key: str) -> int:
        """Write the files of a zip, pages after the hashed files that they name. Returns the number of files."""
        packed = self.client.get_object(Bucket=source_bucket, Key=source_key)["Body"].read()
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            names = sorted(_files(archive), key=lambda name: (not name.startswith(HASHED), name == "index.html", name))
            for name in names:
                self._put(name, archive.read(name))
        return len(names)

    def _put(self, name: str, content: bytes) -> None:
        suffix = f".{name.rpartition('.')[2]}"
        self.client.put_object(
            Bucket=self.bucket,
            Key=name,
            Body=content,
            ContentType=TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream",
            CacheControl=FOREVER if name.startswith(HASHED) else ASK,
        )


def _files(archive: zipfile.ZipFile) -> Iterator[str]:
    return (entry.filename for entry in archive.infolist() if not entry.is_dir())
