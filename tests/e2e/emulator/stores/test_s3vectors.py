"""Vector buckets, their indexes and search in them, in the local cloud."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError, ParamValidationError

from local_cloud.emulator.quotas.token_buckets import TokenBuckets
from local_cloud.emulator.vectors.refusals import VectorsRefused
from local_cloud.emulator.vectors.service import Vectors
from local_cloud.launcher.aws_clients import Clients
from tests.e2e.emulator.roles import allow, client_as, role
from tests.e2e.emulator.test_patches import deploy

DIMENSION = 4


@pytest.fixture(scope="module")
def vectors(aws: Clients) -> Any:
    return aws["s3vectors"]


@pytest.fixture(scope="module")
def bucket(vectors: Any) -> str:
    name = f"vectors-{uuid.uuid4().hex[:8]}"
    vectors.create_vector_bucket(vectorBucketName=name)
    return name


@pytest.fixture
def index(vectors: Any, bucket: str) -> str:
    return make_index(vectors, bucket)


def make_index(vectors: Any, bucket: str, **changes: Any) -> str:
    request = {"dataType": "float32", "dimension": DIMENSION, "distanceMetric": "cosine", **changes}
    made = vectors.create_index(vectorBucketName=bucket, indexName=f"index-{uuid.uuid4().hex[:8]}", **request)
    return str(made["indexArn"])


def put(vectors: Any, index: str, **values: tuple[list[float], dict[str, Any]]) -> None:
    vectors.put_vectors(
        indexArn=index,
        vectors=[
            {"key": key, "data": {"float32": numbers}, "metadata": metadata}
            for key, (numbers, metadata) in values.items()
        ],
    )


def query(vectors: Any, index: str, wanted: list[float], **options: Any) -> list[str]:
    found = vectors.query_vectors(indexArn=index, queryVector={"float32": wanted}, **{"topK": 10, **options})
    return [each["key"] for each in found["vectors"]]


def refusal(call: Callable[..., Any], **request: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**request)
    return str(refused.value.response["Error"]["Code"])


def test_the_nearest_vectors_are_found_in_the_order_of_their_distance(vectors: Any, index: str) -> None:
    put(vectors, index, east=([2, 0, 0, 0], {}), north=([0, 1, 0, 0], {}), between=([1, 1, 0, 0], {}))

    found = vectors.query_vectors(indexArn=index, queryVector={"float32": [1, 0.1, 0, 0]}, topK=2, returnDistance=True)

    assert [each["key"] for each in found["vectors"]] == ["east", "between"]
    assert found["vectors"][0]["distance"] == pytest.approx(1 - 1 / np.sqrt(1.01), abs=1e-6)
    assert found["distanceMetric"] == "cosine"


def test_a_euclidean_index_measures_squared_lengths(vectors: Any, bucket: str) -> None:
    index = make_index(vectors, bucket, distanceMetric="euclidean")
    put(vectors, index, near=([0, 0, 0, 1], {}), far=([0, 0, 0, 9], {}))

    found = vectors.query_vectors(indexArn=index, queryVector={"float32": [0, 0, 0, 3]}, topK=2, returnDistance=True)

    assert [(each["key"], each["distance"]) for each in found["vectors"]] == [("near", 4), ("far", 36)]


FIRST = ({"tags": ["apple", "red"], "year": 2026, "shared": True}, "first")
SECOND = ({"tags": ["pear"], "year": 2027}, "second")


@pytest.mark.parametrize(
    ("condition", "keys"),
    [
        ({"tags": "apple"}, ["first"]),
        ({"tags": {"$eq": "pear"}}, ["second"]),
        ({"tags": {"$ne": "pear"}}, ["first"]),
        ({"tags": {"$in": ["plum", "red"]}}, ["first"]),
        ({"tags": {"$nin": ["apple"]}}, ["second"]),
        ({"year": {"$gt": 2026}}, ["second"]),
        ({"year": {"$gte": 2026, "$lt": 2027}}, ["first"]),
        ({"year": {"$lte": 2027}}, ["first", "second"]),
        ({"shared": {"$exists": True}}, ["first"]),
        ({"shared": 1}, []),  # a number is not true
        ({"$or": [{"tags": "pear"}, {"year": 2026}]}, ["first", "second"]),
        ({"$and": [{"tags": "red"}, {"year": 2027}]}, []),
        ({"tags": "apple", "year": 2027}, []),
    ],
)
def test_a_filter_selects_by_metadata(vectors: Any, index: str, condition: dict[str, Any], keys: list[str]) -> None:
    put(
        vectors,
        index,
        **{name: ([1.0, number, 0, 0], metadata) for number, (metadata, name) in enumerate((FIRST, SECOND))},
    )

    assert query(vectors, index, [1, 0, 0, 0], filter=condition) == keys


@pytest.mark.parametrize(
    "condition",
    [
        {},
        {"tags": {"$like": "a"}},
        {"tags": {"$in": []}},
        {"year": {"$gt": "2026"}},
        {"$not": []},
        {"$and": []},
        {"note": "a"},
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(vectors: Any, bucket: str, condition: dict[str, Any]) -> None:
    index = make_index(vectors, bucket, metadataConfiguration={"nonFilterableMetadataKeys": ["note"]})

    request = {"indexArn": index, "queryVector": {"float32": [1, 0, 0, 0]}, "topK": 1, "filter": condition}
    assert refusal(vectors.query_vectors, **request) == "ValidationException"


LONG = "x" * 2100


@pytest.mark.parametrize(
    ("vector", "path"),
    [
        ({"key": "k", "data": {"float32": [1.0] * 3}}, "vectors.0.data.float32"),
        ({"key": "k", "data": {"float32": [0.0] * 4}}, "vectors.0.data.float32"),
        ({"key": "k", "data": {"float32": [float("nan")] * 4}}, "vectors.0.data.float32"),
        ({"key": "k" * 1025, "data": {"float32": [1.0] * 4}}, "vectors.0"),
        ({"key": "k", "data": {"float32": [1.0] * 4}, "metadata": {"tag": LONG}}, "vectors.0.metadata"),
        ({"key": "k", "data": {"float32": [1.0] * 4}, "metadata": {"note": 20 * LONG}}, "vectors.0.metadata"),
        ({"key": "k", "data": {"float32": [1.0] * 4}, "metadata": {"tag": {"a": 1}}}, "vectors.0.metadata.tag"),
        (
            {"key": "k", "data": {"float32": [1.0] * 4}, "metadata": dict.fromkeys(map(str, range(51)), 1)},
            "vectors.0.metadata",
        ),
    ],
)
def test_a_vector_that_does_not_fit_its_index_is_refused_with_its_field(
    vectors: Any, bucket: str, vector: dict[str, Any], path: str
) -> None:
    index = make_index(vectors, bucket, metadataConfiguration={"nonFilterableMetadataKeys": ["note"]})

    with pytest.raises(ClientError) as refused:
        vectors.put_vectors(indexArn=index, vectors=[vector])

    answer: Any = refused.value.response
    assert answer["Error"]["Code"] == "ValidationException"
    assert [each["path"] for each in answer["fieldList"]] == [path]
    assert vectors.list_vectors(indexArn=index)["vectors"] == []


def test_metadata_that_no_filter_uses_may_be_larger(vectors: Any, bucket: str) -> None:
    index = make_index(vectors, bucket, metadataConfiguration={"nonFilterableMetadataKeys": ["note"]})
    put(vectors, index, one=([1, 0, 0, 0], {"note": LONG}))

    [shown] = vectors.get_vectors(indexArn=index, keys=["one"], returnMetadata=True, returnData=True)["vectors"]

    assert shown == {"key": "one", "metadata": {"note": LONG}, "data": {"float32": [1, 0, 0, 0]}}


def test_requests_have_their_sizes(vectors: Any, index: str) -> None:
    one = {"key": "k", "data": {"float32": [1.0, 0, 0, 0]}}
    ask = {"indexArn": index, "queryVector": {"float32": [1, 0, 0, 0]}}

    assert refusal(vectors.put_vectors, indexArn=index, vectors=[one] * 501) == "ValidationException"
    assert refusal(vectors.delete_vectors, indexArn=index, keys=["k"] * 501) == "ValidationException"
    assert refusal(vectors.get_vectors, indexArn=index, keys=["k"] * 101) == "ValidationException"
    assert refusal(vectors.query_vectors, **ask, topK=101) == "ValidationException"
    with pytest.raises(ParamValidationError):
        vectors.query_vectors(**ask, topK=0)


def test_vectors_are_replaced_listed_by_pages_and_deleted(vectors: Any, index: str) -> None:
    put(vectors, index, **{f"key-{number}": ([1.0, number, 0, 0], {}) for number in range(5)})
    put(vectors, index, **{"key-0": ([0, 0, 0, 1.0], {})})
    vectors.delete_vectors(indexArn=index, keys=["key-4", "unknown"])

    first = vectors.list_vectors(indexArn=index, maxResults=3)
    rest = vectors.list_vectors(indexArn=index, maxResults=3, nextToken=first["nextToken"])

    assert [each["key"] for page in (first, rest) for each in page["vectors"]] == [
        f"key-{number}" for number in range(4)
    ]
    assert "nextToken" not in rest
    assert query(vectors, index, [0, 0, 0, 1], topK=1) == ["key-0"]


def test_what_does_not_exist_or_exists_already_is_refused_by_name(vectors: Any, bucket: str, index: str) -> None:
    made = {"vectorBucketName": bucket, "dataType": "float32", "dimension": 4, "distanceMetric": "cosine"}

    assert refusal(vectors.get_index, vectorBucketName=bucket, indexName="nothing") == "NotFoundException"
    assert refusal(vectors.get_vectors, vectorBucketName="nowhere", indexName="any", keys=["k"]) == "NotFoundException"
    assert refusal(vectors.create_vector_bucket, vectorBucketName=bucket) == "ConflictException"
    assert refusal(vectors.create_index, **made, indexName=index.rpartition("/")[2]) == "ConflictException"
    assert refusal(vectors.delete_vector_bucket, vectorBucketName=bucket) == "ConflictException"
    assert refusal(vectors.create_index, **{**made, "dimension": 4097}, indexName="large") == "ValidationException"
    assert refusal(vectors.create_index, **made, indexName="Large_Name") == "ValidationException"


@pytest.mark.parametrize(("requests", "vectors_each"), [(1001, 1), (6, 500)])
def test_an_index_takes_1000_writes_and_2500_vectors_per_second(requests: int, vectors_each: int) -> None:
    service = Vectors(lambda: "arn:aws:s3vectors:us-east-1:000000000000:", TokenBuckets(clock=lambda: 0.0))
    service.answer("CreateVectorBucket", {"vectorBucketName": "bucket"})
    made = {"dataType": "float32", "dimension": 2, "distanceMetric": "cosine"}
    arn = service.answer("CreateIndex", {"vectorBucketName": "bucket", "indexName": "index", **made})["indexArn"]
    keys = [str(number) for number in range(vectors_each)]

    for _ in range(requests - 1):
        service.answer("DeleteVectors", {"indexArn": arn, "keys": keys})
    with pytest.raises(VectorsRefused) as refused:
        service.answer("DeleteVectors", {"indexArn": arn, "keys": keys})

    assert (refused.value.code, refused.value.status) == ("TooManyRequestsException", 429)


def test_metadata_is_read_only_with_a_second_permission(aws: Clients, vectors: Any, index: str) -> None:
    put(vectors, index, one=([1, 0, 0, 0], {"tag": "apple"}))
    searcher = client_as(aws, role(aws, "lambda", allow(index, "s3vectors:QueryVectors")), "s3vectors")
    reader = client_as(
        aws, role(aws, "lambda", allow(index, "s3vectors:QueryVectors", "s3vectors:GetVectors")), "s3vectors"
    )
    ask = {"indexArn": index, "queryVector": {"float32": [1, 0, 0, 0]}, "topK": 1}

    assert query(searcher, index, [1, 0, 0, 0]) == ["one"]
    assert refusal(searcher.query_vectors, **ask, filter={"tag": "apple"}) == "AccessDeniedException"
    assert refusal(searcher.query_vectors, **ask, returnMetadata=True) == "AccessDeniedException"
    assert query(reader, index, [1, 0, 0, 0], filter={"tag": "apple"}) == ["one"]


def test_a_role_uses_its_own_index_alone(aws: Clients, vectors: Any, bucket: str, index: str) -> None:
    other = make_index(vectors, bucket)
    writer = client_as(aws, role(aws, "lambda", allow(index, "s3vectors:PutVectors")), "s3vectors")

    put(writer, index, one=([1, 0, 0, 0], {}))

    vector = {"key": "one", "data": {"float32": [1, 0, 0, 0]}}
    assert refusal(writer.put_vectors, indexArn=other, vectors=[vector]) == "AccessDeniedException"
    assert refusal(writer.delete_vectors, indexArn=index, keys=["one"]) == "AccessDeniedException"


def test_a_stack_has_vector_buckets_with_indexes_and_a_policy_that_is_obeyed(aws: Clients, vectors: Any) -> None:
    made = deploy(
        aws,
        {
            "Bucket": {"Type": "AWS::S3Vectors::VectorBucket", "Properties": {}},
            "Index": {
                "Type": "AWS::S3Vectors::Index",
                "Properties": {
                    "VectorBucketArn": {"Fn::GetAtt": ["Bucket", "VectorBucketArn"]},
                    "IndexName": "likeness",
                    "DataType": "float32",
                    "Dimension": DIMENSION,
                    "DistanceMetric": "cosine",
                    "MetadataConfiguration": {"NonFilterableMetadataKeys": ["note"]},
                },
            },
            "Policy": {
                "Type": "AWS::S3Vectors::VectorBucketPolicy",
                "Properties": {
                    "VectorBucketArn": {"Ref": "Bucket"},
                    "Policy": {
                        "Version": "2012-10-17",
                        "Statement": [
                            {
                                "Effect": "Deny",
                                "Principal": "*",
                                "Action": "s3vectors:DeleteVectors",
                                "Resource": {"Fn::Sub": "${Bucket}/index/*"},
                            }
                        ],
                    },
                },
            },
        },
        {"Index": {"Fn::GetAtt": ["Index", "IndexArn"]}, "Same": {"Ref": "Index"}},
    )
    index = made["Index"]
    writer = client_as(aws, role(aws, "lambda", allow(index, "s3vectors:*")), "s3vectors")

    put(writer, index, one=([1, 0, 0, 0], {"note": LONG}))

    assert made["Same"] == index
    assert refusal(writer.delete_vectors, indexArn=index, keys=["one"]) == "AccessDeniedException"
    about = vectors.get_index(indexArn=index)["index"]
    assert (about["dimension"], about["indexName"]) == (DIMENSION, "likeness")
    policy = json.loads(vectors.get_vector_bucket_policy(vectorBucketName=about["vectorBucketName"])["policy"])
    assert policy["Statement"][0]["Action"] == "s3vectors:DeleteVectors"
