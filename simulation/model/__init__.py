"""The model of a fleet: queues, tasks that work, services that keep their number, and spot markets."""
