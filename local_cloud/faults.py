"""Faults that AWS has sometimes, and a local cloud has on request.

What AWS always does, such as a limit, the local cloud always does. A fault is for what AWS does only now and then and
without a reason that a caller could know, such as the second delivery of a message.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

# Where a local cloud lists its faults, switches one on and ends them.
PATH = "/_local_cloud/faults"
EVERYTHING = "*"

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "throttle": "a call is refused because too many are made",
        "conflict": "a transaction meets another one",
        "duplicate": "a message or an event is delivered twice",
        "delay": "something takes effect later than usual: a message, a read, a launch",
        "deny": "a call is refused because a permission has not reached every server yet",
        "zone": "no instance can be launched in a zone",
    }
)


class UnknownFault(ValueError):
    """There is no such fault. The message names what is wrong and what is right."""


@dataclass(frozen=True)
class Fault:
    """A fault of one kind. It strikes a share of the calls whose action, or the thing that they are about, matches.

    `target` is a pattern with `*`. `seconds` ends the fault; without it, the fault lasts until it is switched off.
    Raises UnknownFault.
    """

    kind: str
    target: str = EVERYTHING
    share: float = 0.1
    seed: int = 0
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UnknownFault(f"{self.kind!r} is no fault. The faults are {', '.join(KINDS)}.")
        if not 0 < self.share <= 1:
            raise UnknownFault(f"The share of a fault is above 0 and at most 1, not {self.share}.")
        if self.seconds is not None and not 0 < self.seconds < math.inf:
            raise UnknownFault(f"A fault lasts longer than 0 s, not {self.seconds} s.")


def parse_faults(text: str, seed: int = 0) -> tuple[Fault, ...]:
    """The faults of a text such as `throttle=0.05,duplicate@*Queue*=0.1`: kind, perhaps a target, and share.

    Raises UnknownFault.
    """
    faults = []
    for part in filter(None, text.split(",")):
        chosen, _, share = part.partition("=")
        kind, _, target = chosen.partition("@")
        try:
            faults.append(Fault(kind.strip(), target.strip() or EVERYTHING, float(share or Fault.share), seed))
        except UnknownFault:
            raise
        except ValueError as error:
            raise UnknownFault(f"The share of {chosen} is a number such as 0.1, not {share!r}.") from error
    return tuple(faults)
