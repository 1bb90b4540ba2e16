"""Print the OpenAPI document: `python -m lambdas.http.openapi > docs/openapi.json`."""

import json
import sys

from lambdas.http.openapi.document import describe

sys.stdout.write(json.dumps(describe(), indent=2) + "\n")
