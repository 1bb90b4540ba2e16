"""What `make bench` measures: every figure a ratio, or beside what it is compared with, in one run."""
