"""Patches of permissions. Those of calls come before those that make services act as their roles."""

from local_cloud.emulator.patches.iam import (
    alarm_actions,
    api_integrations,
    conditions,
    decisions,
    event_targets,
    functions,
    identities,
    resources,
    state_machines,
    transport,
)
from local_cloud.emulator.patching import Patch

PATCHES: tuple[Patch, ...] = (
    identities.PATCH,
    transport.PATCH,
    resources.PATCH,
    conditions.PATCH,
    decisions.PATCH,
    state_machines.PATCH,
    event_targets.PATCH,
    alarm_actions.PATCH,
    api_integrations.PATCH,
    functions.PATCH,
)
