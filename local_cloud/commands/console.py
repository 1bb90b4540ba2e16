"""The terminal that commands print to, and the options that several commands have."""

import argparse
import sys
from pathlib import Path

from rich.console import Console

from local_cloud.launcher.state import DEFAULT

# A pipe has no width. The tables need 140 columns.
console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
Commands = argparse._SubParsersAction


def shared_options() -> argparse.ArgumentParser:
    """The options of every command, as a parent of its parser."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--state-dir", type=Path, default=DEFAULT, help="folder for data and logs (default: %(default)s)"
    )
    return shared
