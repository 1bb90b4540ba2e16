"""The fleet's adapters: the work and the tasks of each pool, the record of decisions, and the desired counts."""
