"""Imports of Lambda functions in processes that have loaded nothing else."""

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

# Loads what all functions share, then forks for each function: a child has loaded what its function needs and no other
# function's modules.
PARENT = """
import json, os, sys, tempfile

told = json.load(sys.stdin)
exec(told["shared"])
for name in told["functions"]:
    with tempfile.TemporaryFile() as said:
        sys.stdout.flush()
        child = os.fork()
        if not child:
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
            exec(told["child"])
            os._exit(0)
        _, status = os.waitpid(child, 0)
        said.seek(0)
        print(json.dumps({"name": name, "status": status, "said": said.read().decode()}))
"""


def import_each(
    functions: Iterable[str],
    *,
    shared: str,
    child: str,
    facts: Mapping[str, Any],
    options: Sequence[str] = (),
    folder: Path | None = None,
    environment: Mapping[str, str],
) -> dict[str, dict[str, Any]]:
    """Run `child`, a program, once for each function after `shared`, and return its exit status and its output by
    function.

    Both programs see `told`, which has the facts, and the child sees `name`, its function. `options` are Python's.
    """
    run = subprocess.run(
        [sys.executable, *options, "-c", PARENT],
        input=json.dumps({**facts, "functions": list(functions), "shared": shared, "child": child}),
        cwd=folder,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    return {start["name"]: start for start in map(json.loads, run.stdout.splitlines())}
