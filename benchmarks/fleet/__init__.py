"""The fleet in the local cloud under load: faults of its workers, and a step in demand."""
