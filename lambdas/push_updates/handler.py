"""Stream of the jobs table -> the live connections of each job's maker."""

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

MAX_CONNECTIONS = 20  # per maker; a faulty client that opens more must not delay the updates of other makers
THREADS = 16  # connections served in parallel; a connection that does not respond blocks one thread


@cache
def sender() -> ConnectionSender:
    return ConnectionSender(client=clients.connections(), table=table())


@cache
def links() -> Presigner:
    settings = PushSettings.from_environment()
    return Presigner(client=clients.s3(), bucket=settings.images_bucket, lifetime_s=settings.url_lifetime_s)


def link(key: str) -> str:
    [url] = links().links([Download(key)])
    return url


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> None:
    """Send each connection its maker's updates.

    An unreadable record fails the batch before anything is sent. The stream then delivers its halves, until a batch has
    only that record. A report of the failure would deliver all records after it again, and discard them with it.
    """
    updates = read_updates(event["Records"])
    # All connections are read before the first update is sent. The stream delivers the batch again after a failed read,
    # and no connection receives an update twice.
    now = utc_now()
    recipients = [(connection, updates[maker]) for maker in updates for connection in newest(table().of(maker, now))]
    with ThreadPoolExecutor(THREADS) as threads:
        for _ in threads.map(lambda recipient: send(*recipient), recipients):
            pass


def newest(connections: Iterable[Connection]) -> list[Connection]:
    """The maker's newest connections, up to MAX_CONNECTIONS."""
    return nlargest(MAX_CONNECTIONS, connections, key=lambda connection: connection.connected_at)


def read_updates(records: Iterable[dict[str, Any]]) -> dict[str, list[Update]]:
    """The updates for each maker, in order."""
    updates: dict[str, list[Update]] = {}
    for record in records:
        try:
            for maker, update in updates_of(record["dynamodb"], link):
                updates.setdefault(maker, []).append(update)
        except Exception:
            logger.exception("update unreadable")
            raise
    return updates


def send(connection: Connection, updates: Sequence[Update]) -> None:
    """Send one connection its updates. A failure affects only this connection, and its client polls as well."""
    try:
        sent = sender().send(connection, updates)
    except Exception:
        logger.exception("updates not sent")
        return
    if sent < len(updates):
        logger.info("connection not reached", extra={"sent": sent, "updates": len(updates)})
