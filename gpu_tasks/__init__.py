"""The container: the worker, which renders batches with Diffusers, the HTTP API and the training of styles."""

import os

# Logs are read by line: no progress bars, and no advice about optional packages. The libraries read these variables
# when they are imported.
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
# OpenMP's threads spin while they wait for each other, 300,000 times by default. If another process uses the same
# cores, as on a laptop with two workers, this nearly doubles the time of a wave. This value costs a single worker
# nothing.
os.environ.setdefault("GOMP_SPINCOUNT", "2000")
