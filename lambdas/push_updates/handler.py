"""The jobs table's stream -> the connections of the jobs' makers, and of nobody else."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from heapq import nlargest
from typing import Any

from craftspark.aws import clients
from craftspark.aws.jobs.presigning import Presigner
from craftspark.aws.notifications.connections import ConnectionSender
from craftspark.aws.notifications.updates import updates_of
from craftspark.clock import utc_now
from craftspark.jobs.downloads import Download
from craftspark.notifications.live import Connection, Update
from craftspark.settings.notifications import PushSettings
from lambdas.log import logger
from lambdas.wiring.live import table

MAX_CONNECTIONS = 20  # of a maker; more would be a client's fault, and cost others their updates
THREADS = 16  # connections that are told at once; one that hangs holds one


@cache
def pushes() -> ConnectionSender:
    return ConnectionSender(client=clients.connections(), table=table())


@cache
def links() -> Presigner:
    settings = PushSettings.from_environment()
    return Presigner(client=clients.s3(), bucket=settings.images_bucket, lifetime_s=settings.url_lifetime_s)


def link(key: str) -> str:
    [url] = links().links([Download(key)])
    return url


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Tell every connection what concerns it; a record that cannot be read comes again by itself."""
    updates, unreadable = read_updates(event["Records"])
    # All are looked up before the first is told: where the table fails, the batch comes again and nobody hears twice.
    now = utc_now()
    told = [(connection, updates[maker]) for maker in updates for connection in newest(table().of(maker, now))]
    with ThreadPoolExecutor(THREADS) as threads:
        for _ in threads.map(lambda each: tell(*each), told):
            pass
    return {"batchItemFailures": [{"itemIdentifier": sequence} for sequence in unreadable]}


def newest(connections: Iterable[Connection]) -> list[Connection]:
    """The connections that are told, of all that a maker has left open."""
    return nlargest(MAX_CONNECTIONS, connections, key=lambda connection: connection.connected_at)


def read_updates(records: Iterable[dict[str, Any]]) -> tuple[dict[str, list[Update]], list[str]]:
    """What each maker is told, in order, and the sequence numbers of records that cannot be read."""
    updates: dict[str, list[Update]] = {}
    unreadable = []
    for record in records:
        try:
            for maker, update in updates_of(record["dynamodb"], link):
                updates.setdefault(maker, []).append(update)
        except Exception:
            logger.exception("update not understood")
            unreadable.append(record["dynamodb"]["SequenceNumber"])
    return updates, unreadable


def tell(connection: Connection, updates: Sequence[Update]) -> None:
    """Send one connection its updates. Whatever becomes of them is its own affair: its client polls beside."""
    try:
        sent = pushes().send(connection, updates)
    except Exception:
        logger.exception("updates not sent")
        return
    if sent < len(updates):
        logger.info("connection not reached", extra={"sent": sent, "updates": len(updates)})
