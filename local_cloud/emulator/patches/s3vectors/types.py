"""Vector buckets, their indexes and policies in stacks.

Gap: the emulator's CloudFormation does not have the types.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_S3Vectors.html
"""

import json
from collections.abc import Mapping
from typing import Any

from ministack.services.cloudformation import provisioners

from local_cloud.emulator.patches.s3vectors.requests import VECTORS
from local_cloud.emulator.patching import Patch, Replacement, Target
from local_cloud.emulator.vectors.refusals import VectorsRefused

Properties = Mapping[str, Any]
Resource = tuple[str, dict[str, str]]  # physical ID and attributes


def create_bucket(logical_id: str, properties: Properties, stack: str) -> Resource:
    name = properties.get("VectorBucketName") or _name(stack, logical_id)
    arn = VECTORS.answer("CreateVectorBucket", {"vectorBucketName": name})["vectorBucketArn"]
    return arn, {"VectorBucketArn": arn}


def create_index(logical_id: str, properties: Properties, stack: str) -> Resource:
    request = _to_request(properties)
    request.setdefault("indexName", _name(stack, logical_id))
    request["dimension"] = int(request["dimension"])
    arn = VECTORS.answer("CreateIndex", request)["indexArn"]
    return arn, {"IndexArn": arn}


def update_index(arn: str, old: Properties, new: Properties, stack: str) -> Resource:
    """Keep an index. All its properties but the tags replace it, which needs another name."""
    if _to_request(old) == _to_request(new):
        return arn, {"IndexArn": arn}
    return create_index(arn.rpartition("/")[2], new, stack)


def put_policy(logical_id: str, properties: Properties, stack: str) -> Resource:
    request = _to_request(properties)
    policy = request["policy"]
    request["policy"] = policy if isinstance(policy, str) else json.dumps(policy)
    VECTORS.answer("PutVectorBucketPolicy", request)
    return VECTORS.resource_of(request), {}


def update_policy(physical_id: str, old: Properties, new: Properties, stack: str) -> Resource:
    return put_policy("", new, stack)


def keep_bucket(arn: str, old: Properties, new: Properties, stack: str) -> Resource:
    return arn, {"VectorBucketArn": arn}


def delete_bucket(arn: str, properties: Properties) -> None:
    _delete("DeleteVectorBucket", {"vectorBucketArn": arn})


def delete_index(arn: str, properties: Properties) -> None:
    _delete("DeleteIndex", {"indexArn": arn})


def delete_policy(arn: str, properties: Properties) -> None:
    _delete("DeleteVectorBucketPolicy", {"vectorBucketArn": arn})


def _delete(action: str, request: Properties) -> None:
    """Delete what may be gone already. A bucket with indexes is refused."""
    try:
        VECTORS.answer(action, request)
    except VectorsRefused as refused:
        if refused.code != "NotFoundException":
            raise


def _name(stack: str, logical_id: str) -> str:
    name: str = provisioners._physical_name(stack, logical_id, lowercase=True, max_len=63)
    return name


def _to_request(properties: Properties) -> dict[str, Any]:
    return {
        name[0].lower() + name[1:]: (
            {"nonFilterableMetadataKeys": value.get("NonFilterableMetadataKeys", [])}
            if name == "MetadataConfiguration"
            else value
        )
        for name, value in properties.items()
        if name != "Tags"
    }


TYPES = {
    "AWS::S3Vectors::VectorBucket": {"create": create_bucket, "update": keep_bucket, "delete": delete_bucket},
    "AWS::S3Vectors::Index": {"create": create_index, "update": update_index, "delete": delete_index},
    "AWS::S3Vectors::VectorBucketPolicy": {"create": put_policy, "update": update_policy, "delete": delete_policy},
}

PATCH = Patch(
    name="S3 Vectors types",
    gap="stacks with these types fail: " + ", ".join(TYPES),
    targets=(
        *(Replacement(provisioners._RESOURCE_HANDLERS, name, None, handlers) for name, handlers in TYPES.items()),
        Target(provisioners, "_physical_name", "aeef5b394ad26e50b60be908df6525a8"),
    ),
)
