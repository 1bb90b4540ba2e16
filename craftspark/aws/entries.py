"""Entries that a service takes several of in a call, and refuses one by one: events of a bus, messages of a queue."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from craftspark.aws.retries import until_done
from craftspark.errors import EventRefused

MAX_ENTRIES = 10  # of a call to EventBridge or SQS


def send_entries(send: Callable[[list[Any]], Mapping[int, str]], entries: Sequence[Any]) -> None:
    """Send entries, as many in a call as the service takes, and again those that it refuses. Raises EventRefused.

    `send` returns the reason of each refusal, by the entry's place in the call.
    """

    def call(asked: list[tuple[Any, str]]) -> list[tuple[Any, str]]:
        refused = send([entry for entry, _ in asked])
        return [(asked[place][0], why) for place, why in refused.items()]

    for first in range(0, len(entries), MAX_ENTRIES):
        for _, why in until_done(call, [(entry, "") for entry in entries[first : first + MAX_ENTRIES]]):
            raise EventRefused(why)
