"""Errors of commands that only people run, so no state machine reads their names."""


class CommandRefused(Exception):
    """The command cannot run as requested."""


class CheckpointMissing(CommandRefused):
    """The run has no checkpoint yet, so there is nothing to export."""


class SourceUnavailable(CommandRefused):
    """A package with pictures could not be installed, or differs from its declaration."""


class LikenessBroken(CommandRefused):
    """The folder of a new likeness encoder cannot be written."""
