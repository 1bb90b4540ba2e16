"""The policies of a comparison, by name."""

from collections.abc import Callable, Mapping

from craftspark.fleet.observations import Limits
from simulation.demand import Demand
from simulation.policies import Policy
from simulation.policies.clairvoyant import Clairvoyant
from simulation.policies.fleet import FleetPolicy
from simulation.policies.keda import Keda
from simulation.policies.on_demand_only import OnDemandOnly
from simulation.policies.reactive import Reactive
from simulation.policies.sky_serve import SkyServe
from simulation.policies.step_scaling import StepScaling
from simulation.policies.target_tracking import TargetTracking

# Each is built for the demand that it meets, which only the clairvoyant one reads, and for the limits of a stage, which
# only the fleet's policy has.
POLICIES: Mapping[str, Callable[[Demand, Limits], Policy]] = {
    "fleet": lambda _, limits: FleetPolicy(limits),
    "plain reactive": lambda *_: Reactive(),
    "target tracking": lambda *_: TargetTracking(),
    "KEDA": lambda *_: Keda(),
    "step scaling": lambda *_: StepScaling(),
    "SkyServe": lambda *_: SkyServe(),
    "on-demand only": lambda _, limits: OnDemandOnly(FleetPolicy(limits)),
    "clairvoyant": lambda demand, _: Clairvoyant(demand),
}
# Rules that others publish, which the fleet's policy is compared with.
PUBLISHED = ("target tracking", "KEDA", "step scaling", "SkyServe")
