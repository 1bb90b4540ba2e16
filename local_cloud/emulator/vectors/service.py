"""The requests of S3 Vectors.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_S3_Vectors.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-vectors-limitations.html
"""

import base64
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local_cloud.emulator.quotas.token_buckets import TokenBuckets
from local_cloud.emulator.vectors.index import Index
from local_cloud.emulator.vectors.metadata import check_filter
from local_cloud.emulator.vectors.refusals import VectorsRefused, invalid

Request = Mapping[str, Any]
Answer = dict[str, Any]

NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
MAX_DIMENSION, MAX_KEY, MAX_UNFILTERABLE = 4096, 1024, 10
MAX_PUT, MAX_GET, MAX_LISTED, MAX_NEAREST = 500, 100, 1000, 100
LISTED = 500
# Requests that write, and vectors in them, per second and index.
WRITES_PER_S, VECTORS_PER_S = 1000, 2500


@dataclass
class Bucket:
    """A vector bucket. `policy` is JSON."""

    arn: str
    indexes: dict[str, Index] = field(default_factory=dict)
    policy: str | None = None


class Vectors:
    """All vector buckets. `prefix` returns the start of their ARNs: that of the account and region of the request."""

    def __init__(self, prefix: Callable[[], str], rates: TokenBuckets | None = None) -> None:
        self._prefix = prefix
        self._rates = TokenBuckets() if rates is None else rates
        self._buckets: dict[str, Bucket] = {}
        self._lock = threading.RLock()
        self._actions: Mapping[str, Callable[[Request], Answer]] = {
            "CreateVectorBucket": self._create_bucket,
            "GetVectorBucket": self._get_bucket,
            "DeleteVectorBucket": self._delete_bucket,
            "PutVectorBucketPolicy": self._put_policy,
            "GetVectorBucketPolicy": self._get_policy,
            "DeleteVectorBucketPolicy": self._delete_policy,
            "CreateIndex": self._create_index,
            "GetIndex": self._get_index,
            "ListIndexes": self._list_indexes,
            "DeleteIndex": self._delete_index,
            "PutVectors": self._put_vectors,
            "GetVectors": self._get_vectors,
            "ListVectors": self._list_vectors,
            "DeleteVectors": self._delete_vectors,
            "QueryVectors": self._query_vectors,
        }

    def answer(self, action: str, request: Request) -> Answer:
        """Answer a request. Raises VectorsRefused."""
        if action not in self._actions:
            raise VectorsRefused("NotFoundException", f"The local cloud does not answer {action}")
        with self._lock:
            return self._actions[action](request)

    def policy_of(self, arn: str) -> str | None:
        """The policy of the bucket of an ARN, or an empty one. None if there is no such bucket."""
        bucket = self._buckets.get(bucket_arn_of(arn))
        return None if bucket is None else bucket.policy or ""

    def resource_of(self, request: Request) -> str:
        """The ARN of the index or the bucket that a request names, existing or not."""
        if arn := request.get("indexArn") or request.get("resourceArn"):
            return str(arn)
        bucket = request.get("vectorBucketArn") or f"{self._prefix()}bucket/{request.get('vectorBucketName', '')}"
        return f"{bucket}/index/{request['indexName']}" if request.get("indexName") else str(bucket)

    def _create_bucket(self, request: Request) -> Answer:
        name = _named(request, "vectorBucketName")
        arn = f"{self._prefix()}bucket/{name}"
        if arn in self._buckets:
            raise VectorsRefused("ConflictException", "A vector bucket with the specified name already exists")
        self._buckets[arn] = Bucket(arn)
        return {"vectorBucketArn": arn}

    def _get_bucket(self, request: Request) -> Answer:
        bucket = self._bucket(request)
        return {
            "vectorBucket": {"vectorBucketName": _last(bucket.arn), "vectorBucketArn": bucket.arn, "creationTime": 0}
        }

    def _delete_bucket(self, request: Request) -> Answer:
        bucket = self._bucket(request)
        if bucket.indexes:
            raise VectorsRefused("ConflictException", "The specified vector bucket is not empty")
        del self._buckets[bucket.arn]
        return {}

    def _put_policy(self, request: Request) -> Answer:
        self._bucket(request).policy = request["policy"]
        return {}

    def _get_policy(self, request: Request) -> Answer:
        policy = self._bucket(request).policy
        if policy is None:
            raise VectorsRefused("NotFoundException", "The specified vector bucket policy could not be found")
        return {"policy": policy}

    def _delete_policy(self, request: Request) -> Answer:
        self._bucket(request).policy = None
        return {}

    def _create_index(self, request: Request) -> Answer:
        name, dimension = _named(request, "indexName"), request.get("dimension")
        if not isinstance(dimension, int) or not 1 <= dimension <= MAX_DIMENSION:
            raise invalid("dimension", f"The dimension must be between 1 and {MAX_DIMENSION}")
        if request.get("distanceMetric") not in ("cosine", "euclidean"):
            raise invalid("distanceMetric", "The distance metric must be cosine or euclidean")
        if request.get("dataType") != "float32":
            raise invalid("dataType", "The data type must be float32")
        unfilterable = (request.get("metadataConfiguration") or {}).get("nonFilterableMetadataKeys", [])
        if len(unfilterable) > MAX_UNFILTERABLE:
            raise invalid("metadataConfiguration", f"At most {MAX_UNFILTERABLE} keys can be non-filterable")
        bucket = self._bucket({name: value for name, value in request.items() if name != "indexName"})
        if name in bucket.indexes:
            raise VectorsRefused("ConflictException", "An index with the specified name already exists")
        arn = f"{bucket.arn}/index/{name}"
        bucket.indexes[name] = Index(arn, dimension, request["distanceMetric"], tuple(unfilterable))
        return {"indexArn": arn}

    def _get_index(self, request: Request) -> Answer:
        index = self._index(request)
        bucket = bucket_arn_of(index.arn)
        about = {
            "vectorBucketName": _last(bucket),
            "indexName": _last(index.arn),
            "indexArn": index.arn,
            "creationTime": index.created_at,
            "dataType": "float32",
            "dimension": index.dimension,
            "distanceMetric": index.metric,
        }
        if index.unfilterable:
            about["metadataConfiguration"] = {"nonFilterableMetadataKeys": list(index.unfilterable)}
        return {"index": about}

    def _list_indexes(self, request: Request) -> Answer:
        bucket = self._bucket(request)
        return {
            "indexes": [
                {
                    "vectorBucketName": _last(bucket.arn),
                    "indexName": name,
                    "indexArn": index.arn,
                    "creationTime": index.created_at,
                }
                for name, index in sorted(bucket.indexes.items())
            ]
        }

    def _delete_index(self, request: Request) -> Answer:
        index = self._index(request)
        del self._buckets[bucket_arn_of(index.arn)].indexes[_last(index.arn)]
        return {}

    def _put_vectors(self, request: Request) -> Answer:
        index, vectors = self._index(request), _list(request, "vectors", MAX_PUT)
        _check_keys((each.get("key") for each in vectors), "vectors")
        self._take(index, len(vectors))
        index.put(vectors)
        return {}

    def _delete_vectors(self, request: Request) -> Answer:
        index, keys = self._index(request), _list(request, "keys", MAX_PUT)
        _check_keys(keys, "keys")
        self._take(index, len(keys))
        index.delete(keys)
        return {}

    def _get_vectors(self, request: Request) -> Answer:
        index, keys = self._index(request), _list(request, "keys", MAX_GET)
        return {"vectors": [_show(index, key, request) for key in keys if key in index.vectors]}

    def _list_vectors(self, request: Request) -> Answer:
        index = self._index(request)
        maximum = _within(request.get("maxResults", LISTED), "maxResults", MAX_LISTED)
        after = base64.b64decode(request.get("nextToken", "")).decode()
        keys = sorted(key for key in index.vectors if key > after)
        answer: Answer = {"vectors": [_show(index, key, request) for key in keys[:maximum]]}
        if len(keys) > maximum:
            answer["nextToken"] = base64.b64encode(keys[maximum - 1].encode()).decode()
        return answer

    def _query_vectors(self, request: Request) -> Answer:
        index = self._index(request)
        number = _within(request.get("topK"), "topK", MAX_NEAREST)
        wanted = index.parse(request.get("queryVector"), "queryVector.float32")
        condition = request.get("filter")
        if condition is not None:
            check_filter(condition, index.unfilterable)
        found = index.nearest(wanted, number, condition)
        shown = {"returnMetadata": request.get("returnMetadata")}
        with_distance = bool(request.get("returnDistance"))
        return {
            "distanceMetric": index.metric,
            "vectors": [
                _show(index, key, shown) | ({"distance": distance} if with_distance else {}) for key, distance in found
            ],
        }

    def _bucket(self, request: Request) -> Bucket:
        arn = bucket_arn_of(self.resource_of(request))
        if arn not in self._buckets:
            raise VectorsRefused("NotFoundException", "The specified vector bucket could not be found")
        return self._buckets[arn]

    def _index(self, request: Request) -> Index:
        index = self._bucket(request).indexes.get(_last(self.resource_of(request)))
        if index is None:
            raise VectorsRefused("NotFoundException", "The specified index could not be found")
        return index

    def _take(self, index: Index, vectors: int) -> None:
        """Count a request that writes. Raises VectorsRefused if the index has taken too many."""
        writes, rows = (index.arn, "writes"), (index.arn, "vectors")
        if self._rates.is_empty(writes, WRITES_PER_S, WRITES_PER_S) or self._rates.is_empty(
            rows, VECTORS_PER_S, VECTORS_PER_S
        ):
            raise VectorsRefused("TooManyRequestsException", "Rate exceeded")
        self._rates.take(writes, 1, WRITES_PER_S, WRITES_PER_S)
        self._rates.take(rows, vectors, VECTORS_PER_S, VECTORS_PER_S)


def bucket_arn_of(arn: str) -> str:
    """The ARN of the bucket of an index, or of the bucket itself."""
    return arn.partition("/index/")[0]


def _last(arn: str) -> str:
    return arn.rpartition("/")[2]


def _named(request: Request, name: str) -> str:
    value = request.get(name)
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise invalid(name, "A name has 3 to 63 lowercase letters, digits, hyphens and dots")
    return value


def _list(request: Request, name: str, most: int) -> list[Any]:
    values = request.get(name)
    if not isinstance(values, list) or not 1 <= len(values) <= most:
        raise invalid(name, f"Member must have length between 1 and {most}")
    return values


def _check_keys(keys: Iterable[Any], path: str) -> None:
    for number, key in enumerate(keys):
        if not isinstance(key, str) or not 1 <= len(key.encode()) <= MAX_KEY:
            raise invalid(f"{path}.{number}", f"A key must have between 1 and {MAX_KEY} bytes")


def _within(value: Any, name: str, most: int) -> int:
    if not isinstance(value, int) or not 1 <= value <= most:
        raise invalid(name, f"Member must be between 1 and {most}")
    return value


def _show(index: Index, key: str, request: Request) -> Answer:
    shown: Answer = {"key": key}
    if request.get("returnMetadata"):
        shown["metadata"] = index.metadata[key]
    if request.get("returnData"):
        shown["data"] = {"float32": index.vectors[key].tolist()}
    return shown
