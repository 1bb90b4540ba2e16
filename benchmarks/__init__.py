"""The benchmarks of `make bench`. Each figure is a ratio, or has its comparison values from the same run."""
