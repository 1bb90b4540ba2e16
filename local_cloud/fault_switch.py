"""Switch the faults of a running local cloud on and off."""

import contextlib
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import httpx

from local_cloud.faults import PATH, Fault, UnknownFault


class FaultSwitch:
    """The switch of the emulator at an endpoint."""

    def __init__(self, endpoint: str) -> None:
        self._url = endpoint + PATH

    def switch_on(self, fault: Fault) -> None:
        """Switch a fault on, instead of one of the same kind and target. Its calls are counted from here on."""
        self._ask("POST", asdict(fault))

    def end(self, fault: Fault) -> None:
        """End a fault by its kind and target."""
        self._ask("DELETE", {"kind": fault.kind, "target": fault.target})

    def end_all(self) -> None:
        self._ask("DELETE", {})

    def read(self) -> list[dict[str, Any]]:
        """The faults that are on, as `Fault`s with the number of `calls` that each concerned and how many it `struck`.

        `seconds` is the time that is left.
        """
        return list(self._ask("GET")["faults"])

    @contextlib.contextmanager
    def under(self, *faults: Fault) -> Iterator[None]:
        """Have these faults on during a block."""
        try:
            for fault in faults:
                self.switch_on(fault)
            yield
        finally:
            for fault in faults:
                self.end(fault)

    def _ask(self, method: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = httpx.request(method, self._url, json=body, timeout=60, trust_env=False)
        if answer.status_code != httpx.codes.OK:
            raise UnknownFault(answer.json()["message"])
        return dict(answer.json())
