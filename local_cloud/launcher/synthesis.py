"""Synthesize a stage into a cloud assembly without the CDK CLI."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from local_cloud.launcher.environment import isolated_environment

SYNTHESIS_TIMEOUT_S = 300.0
MAX_OUTPUT_LINES = 15
# The assembly refers to the packages where they are. Staging would copy 200 MB into each assembly.
NO_ASSET_STAGING = {"aws:cdk:disable-asset-staging": True}


class SynthesisFailed(Exception):
    """The app did not produce an assembly."""


def synthesize(repository: Path, *, stage: str, into: Path, log: Path) -> Path:
    """Run the repository's app.py for one stage; returns the assembly's folder. Raises SynthesisFailed."""
    if into.exists():
        shutil.rmtree(into)
    environment = isolated_environment() | {
        "CDK_CONTEXT_JSON": json.dumps(_context(repository) | {"stage": stage} | NO_ASSET_STAGING),
        "CDK_OUTDIR": str(into),
        # The CDK caches its unpacked files in the user's home. The interpreter's folder contains Node.
        "HOME": str(Path.home()),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
    }
    with log.open("wb") as output:
        try:
            result = subprocess.run(
                [sys.executable, "app.py"],
                cwd=repository,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=SYNTHESIS_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise SynthesisFailed(f"app.py did not finish within {SYNTHESIS_TIMEOUT_S:.0f} s. Output: {log}") from None
    if result.returncode or not (into / "manifest.json").exists():
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-MAX_OUTPUT_LINES:])
        raise SynthesisFailed(f"app.py failed with exit code {result.returncode}:\n{tail}")
    return into


def _context(repository: Path) -> dict[str, object]:
    """The context that the CLI passes to the app: from cdk.json, and the cached lookups of cdk.context.json."""
    context: dict[str, object] = {}
    settings, cached_lookups = repository / "cdk.json", repository / "cdk.context.json"
    if settings.exists():
        context |= json.loads(settings.read_text()).get("context", {})
    if cached_lookups.exists():
        context |= json.loads(cached_lookups.read_text())
    return context
