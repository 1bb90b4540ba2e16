"""Supply: GPU instances by capacity type, their prices, how long they take to start, and when spot is taken back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from craftspark.fleet.scale_in import UNPROTECTED_AFTER_S


@dataclass(frozen=True, kw_only=True)
class ColdStart:
    """The parts of a cold start in seconds: the instance boots, it loads the image, the worker loads the model."""

    boot_s: float = 45.0
    image_s: float = 45.0
    model_s: float = 30.0

    @property
    def total_s(self) -> float:
        return self.boot_s + self.image_s + self.model_s

    @classmethod
    def of(cls, total_s: float) -> "ColdStart":
        """A cold start of this length, with the default's proportions."""
        scale = total_s / cls().total_s
        return cls(boot_s=cls.boot_s * scale, image_s=cls.image_s * scale, model_s=cls.model_s * scale)


@dataclass(frozen=True, kw_only=True)
class Zone:
    """The spot market of one instance family in one zone.

    From each time of `capacity` on, at most that number of tasks runs there. Without `capacity` there is no limit.
    """

    name: str
    family: str = "g6"
    capacity: Sequence[tuple[float, int]] | None = None


@dataclass(frozen=True, kw_only=True)
class Prices:
    """Dollars for a task and hour. The defaults are a `g6.xlarge` in us-east-1, spot estimated at 40 %."""

    spot: float = 0.32
    on_demand: float = 0.8048


@dataclass(frozen=True, kw_only=True)
class Launches:
    """How fast instances launch: a bucket of `burst` launches that fills by `per_s` each second.

    The defaults are EC2's resource token bucket of RunInstances:
    https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
    """

    burst: float = 1000.0
    per_s: float = 2.0


@dataclass(frozen=True, kw_only=True)
class Supply:
    """What a fleet can have.

    On-demand instances boot `on_demand_delay_s` after their request. Each spot instance is interrupted at
    random with the rate `interruptions_per_hour`. A zone that loses capacity takes back more. A notice comes
    `notice_s` before the instance stops, and a task works until `grace_s` after the notice. A task is protected from
    scale-in until it has been idle for `unprotect_s`. An instance is paid for `release_s` after its task has ended.
    A job is refused if it would wait for more than `deadline_s`, or if its plan does not admit it.
    """

    cold_start: ColdStart = field(default_factory=ColdStart)
    zones: Sequence[Zone] = (Zone(name="a"), Zone(name="b"), Zone(name="c"))
    prices: Prices = field(default_factory=Prices)
    launches: Launches = field(default_factory=Launches)
    on_demand_delay_s: float = 0.0
    interruptions_per_hour: float = 1 / 24
    notice_s: float = 120.0
    grace_s: float = 110.0
    unprotect_s: float = UNPROTECTED_AFTER_S
    release_s: float = 0.0
    deadline_s: float = 3600.0
    max_tasks: int = 10_000
    minimum: Mapping[str, int] = field(default_factory=dict)  # spot tasks that a pool always has
