"""Names of deployed resources, which end in random characters, and a portable form of them: `${Stack.LogicalId}`."""

import re
from collections.abc import Iterable

RECORD = "permissions.jsonl"  # the record of calls in the folder of logs, with portable names

# Names with random characters. Other names are the same in every deployment.
RANDOM = re.compile(r"[0-9A-Fa-f]{8,}$|^us-east-1_")
# A stream is named by its time.
LABEL = re.compile(r"/stream/[\d:.TZ-]+")


class ResourceNames:
    """The names of the resources of stacks."""

    def __init__(self, resources: Iterable[tuple[str, str, str]]) -> None:
        """Each resource is the name of its stack, its logical ID and its physical ID: a name, an ARN or a URL."""
        self._portable = {}
        for stack, logical_id, physical_id in resources:
            name = re.split("[/:]", physical_id)[-1]
            if RANDOM.search(name):
                self._portable[name] = f"${{{stack.rpartition('-')[2]}.{logical_id}}}"
        self._longest_first = sorted(self._portable, key=len, reverse=True)

    def to_portable(self, text: str) -> str:
        """The text with the portable form of each name in it."""
        # A text has few of the names. A pattern of all names would take much longer to compile than to use.
        if found := [re.escape(name) for name in self._longest_first if name in text]:
            text = re.sub("|".join(found), lambda match: self._portable[match[0]], text)
        return LABEL.sub("/stream/LABEL", text)
