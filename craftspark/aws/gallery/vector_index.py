"""An index of S3 Vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from craftspark.gallery.vectors import IndexedPicture, NearPicture, Vector

if TYPE_CHECKING:
    from mypy_boto3_s3vectors import S3VectorsClient


@dataclass(frozen=True, kw_only=True)
class VectorIndex:
    """See craftspark.gallery.vectors.PictureIndex."""

    client: S3VectorsClient
    arn: str

    def put(self, pictures: Sequence[IndexedPicture]) -> None:
        self.client.put_vectors(
            indexArn=self.arn,
            vectors=[
                {
                    "key": picture.picture_id,
                    "data": {"float32": picture.vector},
                    "metadata": {"tool": picture.tool, **({"tags": list(picture.tags)} if picture.tags else {})},
                }
                for picture in pictures
            ],
        )

    def drop(self, picture_ids: Sequence[str]) -> None:
        self.client.delete_vectors(indexArn=self.arn, keys=picture_ids)

    def find_vector(self, picture_id: str) -> Vector | None:
        found = self.client.get_vectors(indexArn=self.arn, keys=[picture_id], returnData=True)["vectors"]
        return found[0]["data"]["float32"] if found else None

    def find_nearest(self, vector: Vector, number: int, *, tool: str | None, tag: str | None) -> list[NearPicture]:
        """See PictureIndex. A filter on `tags` matches if one of them is the tag."""
        wanted = {name: {"$eq": value} for name, value in (("tool", tool), ("tags", tag)) if value is not None}
        limits: dict[str, Any] = {"filter": wanted} if wanted else {}
        answer = self.client.query_vectors(
            indexArn=self.arn, queryVector={"float32": vector}, topK=number, returnDistance=True, **limits
        )
        return [NearPicture(each["key"], each["distance"]) for each in answer["vectors"]]
