"""A read that does not ask for consistency may lack the writes of the last second. It is the fault `delay`.

Gap: all reads of the emulator are consistent. On AWS, a read is answered by any replica unless it has `ConsistentRead`,
and an index follows its table later. So a share of such reads get the table or index as it was a second ago.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html
"""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

from ministack.services import dynamodb

from local_cloud.emulator.faults import FAULTS
from local_cloud.emulator.patching import Extension, Patch
from local_cloud.emulator.tables.item_requests import Answer, Handler, find_table
from local_cloud.emulator.tables.replicas import Replicas

REPLICAS = Replicas()


def extend_change(change: Callable[..., Any]) -> Callable[..., Any]:
    def record_and_change(table: Mapping[str, Any], partition: Any, sort: Any, *rest: Any) -> Any:
        with REPLICAS.writing(table, partition, sort):
            return change(table, partition, sort, *rest)

    return record_and_change


def extend_read(action: str) -> Callable[[Handler], Handler]:
    def extend(read: Handler) -> Handler:
        def read_perhaps_late(data: dict[str, Any]) -> Answer:
            with ExitStack() as late:
                for name, request in reads_of(data):
                    table = find_table(name)
                    if table and not request.get("ConsistentRead") and strikes(action, table, request):
                        late.enter_context(REPLICAS.behind(table))
                return read(data)

        return read_perhaps_late

    return extend


def strikes(action: str, table: Mapping[str, Any], request: Mapping[str, Any]) -> bool:
    """Whether the read of the table, or of its index, is late."""
    index = request.get("IndexName")
    name = f"{table['TableName']}/{index}" if index else str(table["TableName"])
    return FAULTS.strikes("delay", f"dynamodb:{action}", name)


def reads_of(data: Mapping[str, Any]) -> list[tuple[Any, Mapping[str, Any]]]:
    """Each table that the request reads, with how."""
    batch = data.get("RequestItems")
    if isinstance(batch, Mapping):
        return [(name, each) for name, each in batch.items() if isinstance(each, Mapping)]
    return [(data.get("TableName"), data)]


PATCH = Patch(
    name="stale reads",
    gap="reads are consistent without asking for it",
    targets=(
        Extension(dynamodb, "_set_item", "4e78ad492132cdbad7bd356b0fe96221", extend_change),
        Extension(dynamodb, "_remove_item", "5cce50c99688dab8a5219d2e4bbcd06f", extend_change),
        Extension(dynamodb, "_get_item", "40a3e29c3c4d91c22d38bf5655d99265", extend_read("GetItem")),
        Extension(dynamodb, "_query", "50c2e7ec69e93ea3dd17cf40c93704d4", extend_read("Query")),
        Extension(dynamodb, "_scan", "7094ff00335eb10456a25d7d7440d18c", extend_read("Scan")),
        Extension(dynamodb, "_batch_get_item", "d6d516ae8785bf7ca1e6b53534dce0d1", extend_read("BatchGetItem")),
    ),
)
