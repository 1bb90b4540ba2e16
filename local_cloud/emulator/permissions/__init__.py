"""Permissions: who calls, on which resources, under which conditions, and what the policies decide.

The emulator has an evaluator of policies. This package adds what it lacks.
"""
