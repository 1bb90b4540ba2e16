"""Live connections, for the handlers of the WebSocket API."""

from functools import cache

from craftspark.aws import clients
from craftspark.aws.notifications.connections import ConnectionTable
from craftspark.notifications.live import Live
from craftspark.settings.notifications import ConnectionSettings


@cache
def table() -> ConnectionTable:
    settings = ConnectionSettings.from_environment()
    return ConnectionTable(client=clients.dynamodb(), table=settings.connections_table)


@cache
def live() -> Live:
    return Live(connections=table())
