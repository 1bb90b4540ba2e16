"""S3 Vectors for the tests of this folder: moto cannot search, so the local cloud's service answers."""

import json
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from moto.core.botocore_stubber import MockRawResponse

from craftspark.aws import clients
from craftspark.likeness.files import ENCODERS
from local_cloud.emulator.vectors.refusals import VectorsRefused
from local_cloud.emulator.vectors.service import Vectors

ARN = "arn:aws:s3vectors:us-east-1:123456789012:"
BUCKET = f"{ARN}bucket/gallery"
INDEX_ARNS = [f"{BUCKET}/index/{files.name}" for files in ENCODERS]


class FakeVectors:
    """A new service with the indexes of the encoders. The client sends its requests there."""

    def __init__(self) -> None:
        self.service = Vectors(lambda: ARN)
        self.service.answer("CreateVectorBucket", {"vectorBucketName": "gallery"})
        for files in ENCODERS:
            index = {"indexName": files.name, "dimension": files.dimension, "distanceMetric": "cosine"}
            self.service.answer("CreateIndex", {"vectorBucketName": "gallery", "dataType": "float32", **index})
        self.actions: list[str] = []
        events: Any = clients.s3vectors().meta.events
        events.register_first("before-send.s3vectors", self.answer, unique_id="vectors")

    def answer(self, request: Any, **_: Any) -> AWSResponse:
        """Answer as AWS does."""
        action = request.url.rpartition("/")[2]
        self.actions.append(action)
        try:
            status, answer = 200, self.service.answer(action, json.loads(request.body or b"{}"))
        except VectorsRefused as refused:
            status, answer = refused.status, {"__type": refused.code, "message": refused.message}
        return AWSResponse(request.url, status, HTTPHeaders(), MockRawResponse(json.dumps(answer).encode()))

    def keys(self, index: str = INDEX_ARNS[0]) -> list[str]:
        """The keys in an index."""
        return [each["key"] for each in self.service.answer("ListVectors", {"indexArn": index})["vectors"]]

    def close(self) -> None:
        clients.s3vectors().meta.events.unregister("before-send.s3vectors", unique_id="vectors")
