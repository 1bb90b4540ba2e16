"""An index: vectors with metadata by their keys, and exact search."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from local_cloud.emulator.vectors.metadata import check_metadata, passes
from local_cloud.emulator.vectors.refusals import invalid

Array = NDArray[np.float32]


@dataclass
class Index:
    """Vectors of `dimension` float32 values. `metric` is `cosine` or `euclidean`.

    `unfilterable` are the keys of metadata that no filter uses.
    """

    arn: str
    dimension: int
    metric: str
    unfilterable: tuple[str, ...] = ()
    created_at: float = field(default_factory=time.time)
    vectors: dict[str, Array] = field(default_factory=dict)
    metadata: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _matrix: Array | None = None  # all vectors, in their order, until one changes

    def put(self, vectors: list[Mapping[str, Any]]) -> None:
        """Add or replace all of these vectors, or none. Raises VectorsRefused."""
        parsed = [self.parse(each.get("data"), f"vectors.{number}.data.float32") for number, each in enumerate(vectors)]
        for number, each in enumerate(vectors):
            check_metadata(each.get("metadata", {}), self.unfilterable, f"vectors.{number}.metadata")
        for each, values in zip(vectors, parsed, strict=True):
            self.vectors[each["key"]] = values
            self.metadata[each["key"]] = each.get("metadata", {})
        self._matrix = None

    def delete(self, keys: list[str]) -> None:
        """Delete vectors, if they exist."""
        for key in keys:
            self.vectors.pop(key, None)
            self.metadata.pop(key, None)
        self._matrix = None

    def nearest(self, wanted: Array, number: int, condition: Mapping[str, Any] | None) -> Iterator[tuple[str, float]]:
        """Yield the keys of the nearest vectors that pass a filter, with their distances, the nearest first."""
        keys = list(self.vectors)
        if not keys:
            return
        if self._matrix is None:
            self._matrix = np.stack([self.vectors[key] for key in keys])
        fitting = np.array([not condition or passes(self.metadata[key], condition) for key in keys], bool).nonzero()[0]
        distances = self._distances(self._matrix[fitting], wanted)
        for place in np.argsort(distances, kind="stable")[:number]:
            yield keys[fitting[place]], float(distances[place])

    def parse(self, data: Any, path: str) -> Array:
        """The vector in a request. Raises VectorsRefused."""
        values = data.get("float32") if isinstance(data, dict) else None
        if not isinstance(values, list):
            raise invalid(path, "A vector must be a list of float32 values")
        if len(values) != self.dimension:
            raise invalid(
                path,
                f"Invalid record. Vector dimension {len(values)} does not match the dimension of the index: "
                f"{self.dimension}",
            )
        vector = np.asarray(values, np.float32)
        if not np.isfinite(vector).all():
            raise invalid(path, "Invalid record. A vector must not contain NaN or Infinity")
        if self.metric == "cosine" and not vector.any():
            raise invalid(path, "Invalid record. A vector of zeros is not allowed with the distance metric cosine")
        return vector

    def _distances(self, vectors: Array, wanted: Array) -> Array:
        if self.metric == "euclidean":
            distances: Array = ((vectors - wanted) ** 2).sum(-1)
            return distances
        lengths = np.linalg.norm(vectors, axis=-1) * np.linalg.norm(wanted)
        cosines: Array = 1 - vectors @ wanted / lengths
        return cosines
