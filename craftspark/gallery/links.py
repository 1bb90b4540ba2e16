"""Addresses of public pictures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from craftspark.jobs.downloads import Download


@dataclass(frozen=True, kw_only=True)
class SiteLinks:
    """The files of public pictures, which the site at `site_url` serves. A file has the same address for everybody and
    as long as the picture is public.
    """

    site_url: str

    def links(self, downloads: Iterable[Download]) -> list[str]:
        """The address of each file."""
        return [f"{self.site_url}/{quote(each.key)}" for each in downloads]
