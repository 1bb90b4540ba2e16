"""The tables of the stage with their indexes, for benchmarks that need no deployment."""

from typing import Any

from craftspark.aws.items import OUTLINE_ATTRIBUTES
from craftspark.jobs.backlog import WORK_ATTRIBUTES


def create_jobs_table(client: Any, name: str) -> None:
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=_key("job_id", "item"),
        AttributeDefinitions=[
            {"AttributeName": "deadline", "AttributeType": "N"},
            *map(_text, ("job_id", "item", "maker", "created", "unfinished", "backlog")),
        ],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        GlobalSecondaryIndexes=[
            _index("by_maker", "maker", "created", *OUTLINE_ATTRIBUTES),
            _index("unfinished", "unfinished", "deadline"),
            _index("backlog", "backlog", "job_id", *WORK_ATTRIBUTES),
        ],
    )


def create_connections_table(client: Any, name: str) -> None:
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=_key("owner", "item"),
        AttributeDefinitions=[*map(_text, ("owner", "item"))],
    )


def create_accounts_table(client: Any, name: str) -> None:
    ledger = {"IndexName": "ledger", "KeySchema": _key("maker", "at"), "Projection": {"ProjectionType": "ALL"}}
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=_key("maker", "item"),
        AttributeDefinitions=[*map(_text, ("maker", "item", "at"))],
        GlobalSecondaryIndexes=[ledger],
    )


def create_gallery_table(client: Any, name: str) -> None:
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=_key("key", "item"),
        AttributeDefinitions=[*map(_text, ("key", "item"))],
    )


def _index(name: str, partition: str, sort: str, *attributes: str) -> dict[str, Any]:
    kept = {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(attributes)}
    projection = kept if attributes else {"ProjectionType": "KEYS_ONLY"}
    return {"IndexName": name, "KeySchema": _key(partition, sort), "Projection": projection}


def _key(partition: str, sort: str) -> list[dict[str, str]]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]


def _text(name: str) -> dict[str, str]:
    return {"AttributeName": name, "AttributeType": "S"}
