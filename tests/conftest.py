"""What every folder of tests shares."""

import os

from hypothesis import settings

# Powertools reads these when a handler is imported.
os.environ["POWERTOOLS_METRICS_NAMESPACE"] = "Craftspark"
os.environ["POWERTOOLS_SERVICE_NAME"] = "test"

# The same examples on every machine, however slow it is.
settings.register_profile("same", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("same")
