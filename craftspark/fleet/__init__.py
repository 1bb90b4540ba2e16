"""The GPU fleet: how many tasks each pool should have, decided from what is observed."""
