"""Flaws of motifs that cannot be cut as they are."""

from __future__ import annotations

from craftspark.errors import ImageFlawed

MIN_KEPT = 0.9  # share of an area that has to stay when the smallest paths are left out


def build_detail_error(max_nodes: int) -> ImageFlawed:
    """Return the error of a motif with too much detail."""
    return ImageFlawed(
        f"it has more detail than a cut file of {max_nodes} nodes can have; reduce colours or increase smallest_mm"
    )


def check_kept(kept: float, total: float, max_nodes: int) -> None:
    """Raise ImageFlawed if too much of an area is left out."""
    if kept < MIN_KEPT * total:
        raise build_detail_error(max_nodes)
