"""Synthesize a stage into a cloud assembly, as the CDK CLI would, without the CLI."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from local_cloud.running.environment import scrubbed

SYNTHESIS_WITHIN_S = 300.0
LINES_SHOWN = 15
# Packages are named by their content and stay where they are: their copies would take 200 MB of each assembly.
IN_PLACE = {"aws:cdk:disable-asset-staging": True}


class SynthesisFailed(Exception):
    """The app did not produce an assembly."""


def synthesize(repository: Path, *, stage: str, into: Path, log: Path) -> Path:
    """Run the repository's app.py for one stage; answers the assembly's folder, raises SynthesisFailed."""
    if into.exists():
        shutil.rmtree(into)
    environment = scrubbed() | {
        "CDK_CONTEXT_JSON": json.dumps(_context(repository) | {"stage": stage} | IN_PLACE),
        "CDK_OUTDIR": str(into),
        # The user's home holds what the CDK unpacks once; the interpreter's folder brings a Node of its own.
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
                timeout=SYNTHESIS_WITHIN_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise SynthesisFailed(f"app.py did not finish within {SYNTHESIS_WITHIN_S:.0f} s. Output: {log}") from None
    if result.returncode or not (into / "manifest.json").exists():
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-LINES_SHOWN:])
        raise SynthesisFailed(f"app.py failed with exit code {result.returncode}:\n{tail}")
    return into


def _context(repository: Path) -> dict[str, object]:
    """The context that the CLI would give the app: that of cdk.json, and what earlier look-ups left."""
    context: dict[str, object] = {}
    settings, looked_up = repository / "cdk.json", repository / "cdk.context.json"
    if settings.exists():
        context |= json.loads(settings.read_text()).get("context", {})
    if looked_up.exists():
        context |= json.loads(looked_up.read_text())
    return context
