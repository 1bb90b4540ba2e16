"""Writes records into device tables."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from craftspark.models.profiles import FOLDER, read_table

# What a measurement does not replace.
KEPT = ("matted",)
# An object or a list without others in it, as json.dumps indents it.
INNERMOST = re.compile(r"[{\[][^{}\[\]]*[}\]]")
WIDTH = 110


def update_table(path: Path, device: str, name: str, record: Mapping[str, Any]) -> None:
    """Write a record into a device table. A file that does not exist starts as the catalogue's table of the device."""
    table = json.loads(path.read_text()) if path.exists() else read_table(device)
    records = dict(table.get("records", {}))
    kept = {field: value for field, value in records.get(name, {}).items() if field in KEPT}
    records[name] = {**record, **kept}
    path.write_text(format_table({"device": device, **table, "records": records}))


def table_of(device: str) -> Path:
    """Return the catalogue's file for a device."""
    return FOLDER / f"{device}.json"


def format_table(table: Mapping[str, Any]) -> str:
    """Return a table as JSON, with short objects on one line."""

    def join(match: re.Match[str]) -> str:
        short = re.sub(r"\s*\n\s*", " ", match.group()).replace("{ ", "{").replace(" }", "}")
        return short.replace("[ ", "[").replace(" ]", "]") if len(short) <= WIDTH else match.group()

    return INNERMOST.sub(join, json.dumps(table, indent=1)) + "\n"
