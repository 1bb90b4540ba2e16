"""The fleet policy: how many tasks each pool should have, decided from what is observed."""
