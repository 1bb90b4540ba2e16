"""The faults that are on, and which calls they strike. `/_local_cloud/faults` lists, adds and ends them."""

import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from fnmatch import fnmatchcase
from typing import Any

from local_cloud.faults import Fault, UnknownFault

Key = tuple[str, str]  # the action of a call, and the thing that it is about


class _FaultThatIsOn:
    """A fault since it was switched on, with its count of calls. Threads may share it."""

    def __init__(self, fault: Fault, now: float) -> None:
        self.fault = fault
        self.ends_at = None if fault.seconds is None else now + fault.seconds
        self.calls: Counter[Key] = Counter()
        self.struck = 0
        self._lock = threading.Lock()

    def concerns(self, kind: str, action: str, of: str) -> bool:
        target = self.fault.target
        return kind == self.fault.kind and (fnmatchcase(action, target) or fnmatchcase(of, target))

    def strikes(self, action: str, of: str) -> bool:
        """Count a call, and decide by its number: calls of other things in between change nothing."""
        with self._lock:
            number = self.calls[action, of]
            self.calls[action, of] += 1
        text = json.dumps([self.fault.seed, self.fault.kind, action, of, number])
        drawn = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64
        if drawn >= self.fault.share:
            return False
        with self._lock:
            self.struck += 1
        return True


class Faults:
    """Decides which calls are struck. A call costs nothing while no fault is on."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._on: tuple[_FaultThatIsOn, ...] = ()  # replaced as a whole, so that reading it needs no lock
        self._lock = threading.Lock()

    def strikes(self, kind: str, action: str, of: str = "") -> bool:
        """Whether the next call of an `action`, such as `sqs:ReceiveMessage`, on the thing `of` that name is struck.

        The decision is a function of the fault's seed, the kind, the action, the name and the number of this call among
        such calls.
        """
        if not self._on:
            return False
        # Each fault counts its calls, so all of them are asked.
        struck = [on.strikes(action, of) for on in self._active() if on.concerns(kind, action, of)]
        return any(struck)

    def switch_on(self, fault: Fault) -> None:
        """Switch a fault on, instead of one of the same kind and target."""
        with self._lock:
            others = (on for on in self._on if (on.fault.kind, on.fault.target) != (fault.kind, fault.target))
            self._on = (*others, _FaultThatIsOn(fault, self._clock()))

    def end(self, kind: str | None = None, target: str | None = None) -> None:
        """End the faults of a kind and a target, or all."""
        with self._lock:
            self._on = tuple(
                on for on in self._on if kind not in (None, on.fault.kind) or target not in (None, on.fault.target)
            )

    def report(self) -> list[dict[str, Any]]:
        """The faults that are on, with the time that is left, the calls that each concerned and how many it struck."""
        now = self._clock()
        return [
            {
                **asdict(on.fault),
                "seconds": None if on.ends_at is None else round(on.ends_at - now, 3),
                "calls": on.calls.total(),
                "struck": on.struck,
            }
            for on in self._active()
        ]

    def _active(self) -> tuple[_FaultThatIsOn, ...]:
        now = self._clock()
        return tuple(on for on in self._on if on.ends_at is None or now < on.ends_at)


FAULTS = Faults()


def answer(method: str, body: bytes) -> tuple[int, dict[str, Any]]:
    """The status and the answer for a request."""
    try:
        request = json.loads(body or b"{}")
        if method == "POST":
            FAULTS.switch_on(Fault(**request))
        elif method == "DELETE":
            FAULTS.end(request.get("kind"), request.get("target"))
    except UnknownFault as error:
        return 400, {"message": str(error)}
    except (ValueError, TypeError, AttributeError):
        return 400, {"message": "the body needs a kind, and may have a target, a share, a seed and seconds"}
    return 200, {"faults": FAULTS.report()}
