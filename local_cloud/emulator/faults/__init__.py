"""Faults of AWS on request. A patch asks `FAULTS` whether a call is struck."""

from local_cloud.emulator.faults.switch import FAULTS

__all__ = ["FAULTS"]
