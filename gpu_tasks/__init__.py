"""The container: the worker that renders batches with Diffusers, from the GPU queue or launched for one batch."""

import os

# A log is read by the line: no progress bars, and no advice about packages that are left out on purpose. The
# libraries read these when they are imported.
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
# OpenMP's threads wait for each other by spinning, 300,000 times by default. Where another process wants the same
# cores, as on a laptop with two workers, that nearly doubles the time of a wave; so few cost a lone worker nothing.
os.environ.setdefault("GOMP_SPINCOUNT", "2000")
