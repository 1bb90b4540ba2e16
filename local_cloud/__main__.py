"""Start, inspect and stop the local cloud."""

import argparse
import signal
import sys

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from local_cloud import interruptions, trainings
from local_cloud.commands import alarms, cloud, faults, fleet, gallery, jobs, permissions
from local_cloud.commands import trainings as training_commands
from local_cloud.commands.console import shared_options
from local_cloud.faults import UnknownFault
from local_cloud.launcher.assembly import AssetUnsupported
from local_cloud.launcher.deployment import DeployFailed
from local_cloud.launcher.emulator_process import EmulatorFailed, PortInUse
from local_cloud.launcher.state import AlreadyRunning, NotRunning
from local_cloud.launcher.synthesis import SynthesisFailed
from local_cloud.reports.execution_timeline import NoSuchExecution
from local_cloud.reports.job_timeline import NoSuchJob
from local_cloud.reports.log_lines import NoSuchLog

EXPECTED_ERRORS = (
    AlreadyRunning,
    AssetUnsupported,
    DeployFailed,
    EmulatorFailed,
    NoSuchExecution,
    NoSuchJob,
    NoSuchLog,
    NotRunning,
    PortInUse,
    SynthesisFailed,
    UnknownFault,
    interruptions.NotInterruptible,
    trainings.TrainingError,
)


def main() -> int:
    arguments = _parse()
    # SIGTERM raises an exception, so a command undoes what it has done, such as starting an emulator.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        arguments.run(arguments)
    except EXPECTED_ERRORS as error:
        return _fail(str(error))
    except (BotoCoreError, ClientError) as error:
        return _fail(f"The emulator returned an error: {error}")
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader of the pipe has closed it
    except OSError as error:  # such as a full disk or a read-only folder
        return _fail(f"The operating system returned an error: {error}")
    return 0


def _fail(message: str) -> int:
    Console(stderr=True, highlight=False).print(message, style="red", markup=False)
    return 1


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local_cloud", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    shared = shared_options()
    for module in (cloud, fleet, alarms, faults, gallery, jobs, permissions, training_commands):
        module.add_commands(commands, shared)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
