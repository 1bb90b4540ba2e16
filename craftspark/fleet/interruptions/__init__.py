"""Instances that end or cannot be launched, tasks that end, and how their work continues."""
