"""A bucket deployment of the CDK copies its files, with the values of the stack in them.

Gap: its Lambda runs the AWS command line from a layer below /opt, which a process on this machine does not have. With
this patch, the emulator copies the files itself: with filters, metadata, markers and pruning as the Lambda does. Where
a marker stands for an address of AWS, the file has that of the local cloud.

https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_s3_deployment-readme.html
"""

import io
import json
import mimetypes
import uuid
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from ministack.services.cloudformation import provisioners

from local_cloud.emulator.addresses import gateway, localize
from local_cloud.emulator.patching import Patch, Replacement, Target
from local_cloud.launcher.aws_clients import Clients

TYPE = "Custom::CDKBucketDeployment"
# The names that the Lambda's command line gives to the headers, and those of boto3.
METADATA = {
    "cache-control": "CacheControl",
    "content-disposition": "ContentDisposition",
    "content-encoding": "ContentEncoding",
    "content-language": "ContentLanguage",
    "content-type": "ContentType",
}

Properties = Mapping[str, Any]
Resource = tuple[str, dict[str, Any]]


def create(logical_id: str, properties: Properties, stack: str) -> Resource:
    deploy(properties)
    return f"aws.cdk.s3deployment.{uuid.uuid4()}", _attributes(properties)


def update(physical_id: str, old: Properties, new: Properties, stack: str) -> Resource:
    deploy(new)
    return physical_id, _attributes(new)


def delete(physical_id: str, properties: Properties) -> None:
    """As with `RetainOnDelete`, which is the default: the files stay."""


def deploy(properties: Properties) -> None:
    """Copy each file of each source. With `Prune`, the bucket has no other file below the prefix afterwards."""
    s3 = Clients(f"http://{gateway()}")["s3"]
    bucket, prefix = properties["DestinationBucketName"], properties.get("DestinationBucketKeyPrefix", "")
    given = {METADATA[name]: value for name, value in properties.get("SystemMetadata", {}).items()}
    names = set()
    for name, content in _read_sources(s3, properties):
        if not _is_chosen(name, properties.get("Exclude", ()), properties.get("Include", ())):
            continue
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        s3.put_object(Bucket=bucket, Key=prefix + name, Body=content, **{"ContentType": kind, **given})
        names.add(prefix + name)
    if str(properties.get("Prune", "true")).lower() == "true":
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for item in page.get("Contents", ()):
                if item["Key"] not in names:
                    s3.delete_object(Bucket=bucket, Key=item["Key"])


def _read_sources(s3: Any, properties: Properties) -> Iterator[tuple[str, bytes]]:
    keys = properties["SourceObjectKeys"]
    markers = properties.get("SourceMarkers") or [{}] * len(keys)
    for source, key, values in zip(properties["SourceBucketNames"], keys, markers, strict=True):
        archive = zipfile.ZipFile(io.BytesIO(s3.get_object(Bucket=source, Key=key)["Body"].read()))
        for entry in archive.infolist():
            if not entry.is_dir():
                yield entry.filename, _fill(archive.read(entry), values)


def _fill(content: bytes, values: Mapping[str, Any]) -> bytes:
    for marker, value in values.items():
        text = value if isinstance(value, str) else json.dumps(value)
        content = content.replace(marker.encode(), localize(text).encode())
    return content


def _is_chosen(name: str, exclude: Sequence[str], include: Sequence[str]) -> bool:
    """The last filter that matches decides. The Lambda gives the command line what to include after all else."""
    chosen = not any(fnmatchcase(name, pattern) for pattern in exclude)
    return chosen or any(fnmatchcase(name, pattern) for pattern in include)


def _attributes(properties: Properties) -> dict[str, Any]:
    return {
        "DestinationBucketArn": f"arn:aws:s3:::{properties['DestinationBucketName']}",
        "SourceObjectKeys": properties["SourceObjectKeys"],
    }


HANDLERS = {"create": create, "update": update, "delete": delete}

PATCH = Patch(
    name="bucket deployments",
    gap="the Lambda of a bucket deployment needs /opt/awscli/aws",
    targets=(
        Replacement(provisioners._RESOURCE_HANDLERS, TYPE, None, HANDLERS),
        Target(provisioners, "_provision_resource", "3b8f01fb187141b6e85be8e34409f906"),
    ),
)
