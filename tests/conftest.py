"""What every folder of tests shares."""

import os

# Powertools reads these when a handler is imported.
os.environ["POWERTOOLS_METRICS_NAMESPACE"] = "Craftspark"
os.environ["POWERTOOLS_SERVICE_NAME"] = "test"
