"""Calls that are made again with what a service left out."""

from typing import Any

import pytest

from craftspark.aws.batches import put_items, read_items, read_most
from craftspark.aws.gallery.index_filling import IndexQueue
from craftspark.aws.retries import TRIES, pause_s, until_done
from craftspark.errors import Contended, EventRefused


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses, in seconds, which take no time here."""
    taken: list[float] = []
    monkeypatch.setattr("time.sleep", taken.append)
    return taken


def test_only_what_was_left_out_is_asked_for_again(pauses: list[float]) -> None:
    asked: list[list[int]] = []

    def call(numbers: list[int]) -> list[int]:
        asked.append(numbers)
        return numbers[2:]

    assert until_done(call, [1, 2, 3, 4, 5]) == []
    assert asked == [[1, 2, 3, 4, 5], [3, 4, 5], [5]]
    assert len(pauses) == 2


def test_there_is_no_pause_where_nothing_is_left(pauses: list[float]) -> None:
    assert until_done(lambda _: [], [1]) == []
    assert pauses == []


def test_what_is_always_left_out_is_returned_after_the_last_try(pauses: list[float]) -> None:
    calls: list[int] = []

    def call(numbers: list[int]) -> list[int]:
        calls.append(1)
        return numbers

    assert until_done(call, [1]) == [1]
    assert (len(calls), len(pauses)) == (TRIES, TRIES - 1)


def test_pauses_are_random_up_to_a_bound_that_doubles() -> None:
    for tries, bound in ((0, 0.01), (1, 0.02), (5, 0.32), (9, 0.5)):
        drawn = {pause_s(tries) for _ in range(50)}
        assert max(drawn) <= bound
        assert len(drawn) > 1


class Busy:
    """A table that leaves the last key or write of each call out, and a queue that refuses its last message."""

    def batch_get_item(self, *, RequestItems: Any) -> Any:  # noqa: N803 - boto3's name
        [(table, asked)] = RequestItems.items()
        left = {table: {**asked, "Keys": asked["Keys"][-1:]}}
        return {"Responses": {table: asked["Keys"][:-1]}, "UnprocessedKeys": left}

    def batch_write_item(self, *, RequestItems: Any) -> Any:  # noqa: N803 - boto3's name
        return {"UnprocessedItems": {table: writes[-1:] for table, writes in RequestItems.items()}}

    def send_message_batch(self, *, QueueUrl: str, Entries: Any) -> Any:  # noqa: N803 - boto3's names
        return {"Failed": [{"Id": Entries[-1]["Id"], "Code": "ServiceUnavailable", "Message": QueueUrl}]}


def test_items_that_are_never_read_or_written_are_an_error_or_left_for_later(pauses: list[float]) -> None:
    client: Any = Busy()
    keys = [{"key": {"S": name}} for name in "abc"]

    with pytest.raises(Contended, match="left keys out of 5 answers"):
        list(read_items(client, "table", keys))
    with pytest.raises(Contended, match="left writes out of 5 answers"):
        put_items(client, "table", keys)
    assert read_most(client, "table", keys, fields="key") == keys[:2]


def test_messages_that_the_queue_never_takes_are_an_error(pauses: list[float]) -> None:
    client: Any = Busy()
    with pytest.raises(EventRefused, match="ServiceUnavailable"):
        IndexQueue(client=client, url="queue").send(["1", "2"])
    assert len(pauses) == TRIES - 1
