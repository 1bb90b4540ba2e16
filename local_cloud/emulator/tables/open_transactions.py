"""The items of transactions that DynamoDB is carrying out, and the tokens of their requests."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from local_cloud.emulator.tables.item_requests import ItemName


class OpenTransactions:
    """Which items and tokens are held by transactions that run now. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._items: set[ItemName] = set()
        self._tokens: set[tuple[str, str, str]] = set()
        self._tables: set[str] = set()

    def add_tables(self, items: Sequence[ItemName | None]) -> None:
        """Remember that transactions write these items' tables."""
        self._tables |= {item[2] for item in items if item is not None}

    def knows(self, item: ItemName) -> bool:
        """Whether a transaction has written to the item's table."""
        return item[2] in self._tables

    def holds(self, items: Sequence[ItemName | None]) -> list[bool]:
        """Whether a transaction holds each item. None is an item that cannot exist."""
        with self._lock:
            return [item in self._items for item in items]

    @contextmanager
    def hold(self, items: Sequence[ItemName | None]) -> Iterator[list[bool]]:
        """Hold all items, unless another transaction has one of them. Yields which ones another one has."""
        wanted = {item for item in items if item is not None}
        with self._lock:
            met = [item in self._items for item in items]
            if not any(met):
                self._items |= wanted
        try:
            yield met
        finally:
            if not any(met):
                with self._lock:
                    self._items -= wanted

    @contextmanager
    def hold_token(self, token: tuple[str, str, str] | None) -> Iterator[bool]:
        """Hold a request's token, with its account and region. Yields whether another request has it."""
        with self._lock:
            held = token is not None and token in self._tokens
            if token is not None and not held:
                self._tokens.add(token)
        try:
            yield held
        finally:
            if token is not None and not held:
                with self._lock:
                    self._tokens.discard(token)
