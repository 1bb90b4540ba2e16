"""Start, inspect and stop the local cloud."""

import argparse
import getpass
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from local_cloud import interruptions, trainings
from local_cloud.launcher.assembly import AssetUnsupported
from local_cloud.launcher.cloud import LocalCloud
from local_cloud.launcher.deployment import DeployFailed
from local_cloud.launcher.emulator_process import EmulatorFailed, PortInUse
from local_cloud.launcher.shutdown import stop
from local_cloud.launcher.state import DEFAULT, AlreadyRunning, NotRunning, StateDir
from local_cloud.launcher.synthesis import SynthesisFailed
from local_cloud.makers import DEMO_MAKER
from local_cloud.reports import job_timeline
from local_cloud.reports.execution_tables import executions_table, timeline_table
from local_cloud.reports.execution_timeline import NoSuchExecution, read_timeline
from local_cloud.reports.fleet_tables import fleet_tables
from local_cloud.reports.job_timeline import NoSuchJob, job_events
from local_cloud.reports.log_lines import NoSuchLog, log_lines
from local_cloud.reports.status_tables import status_tables

# A pipe has no width. The tables need 140 columns.
console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
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
    interruptions.NotInterruptible,
    trainings.TrainingError,
)


def main() -> int:
    arguments = _arguments()
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


def up(arguments: argparse.Namespace) -> None:
    """Start the cloud and deploy the stage. If a cloud is running, deploy changes only."""
    try:
        cloud = LocalCloud.attach(arguments.state_dir)
    except NotRunning:
        _start(arguments)
        return
    _print_access(cloud.redeploy(assembly=arguments.assembly, report=_report), arguments)


def _start(arguments: argparse.Namespace) -> None:
    options = {"port": arguments.port, "assembly": arguments.assembly, "report": _report}
    if arguments.foreground:
        with LocalCloud.run(arguments.state_dir, **options) as cloud:
            _print_access(cloud, arguments)
            console.print("Press Ctrl-C to stop.")
            cloud.wait()
        console.print("The emulator has stopped.")
        return
    _print_access(LocalCloud.start(arguments.state_dir, **options), arguments)


def _print_access(cloud: LocalCloud, arguments: argparse.Namespace) -> None:
    """Print the addresses of the cloud, and its demo maker after a first sign-in."""
    cloud.sign_in()
    option = "" if arguments.state_dir == DEFAULT else f" --state-dir {arguments.state_dir}"
    console.print(f"API      {cloud.api_url}", soft_wrap=True)
    console.print(f"Maker    {DEMO_MAKER} (get an access token: python -m local_cloud token{option})", soft_wrap=True)
    console.print(f"AWS CLI  AWS_ENDPOINT_URL={cloud.endpoint} (any credentials, region us-east-1)", soft_wrap=True)


def down(arguments: argparse.Namespace) -> None:
    console.print("Local cloud stopped" if stop(arguments.state_dir) else "No local cloud is running")


def status(arguments: argparse.Namespace) -> None:
    for table in status_tables(LocalCloud.attach(arguments.state_dir)):
        console.print(table)


def fleet(arguments: argparse.Namespace) -> None:
    for table in fleet_tables(LocalCloud.attach(arguments.state_dir)):
        console.print(table)


def interrupt(arguments: argparse.Namespace) -> None:
    interruption = interruptions.interrupt(LocalCloud.attach(arguments.state_dir), arguments.task)
    task = interruption.task
    console.print(
        f"{task.instance}, the spot instance of task {task.task[:8]} of the {task.pool} pool, got its notice and ends"
        f" in {interruption.notice_s:.0f} s",
        soft_wrap=True,
    )


def executions(arguments: argparse.Namespace) -> None:
    cloud = LocalCloud.attach(arguments.state_dir)
    stepfunctions = cloud.client("stepfunctions")
    if arguments.name:
        arn = cloud.execution_arn(arguments.name)
        try:
            execution = stepfunctions.describe_execution(executionArn=arn)
        except stepfunctions.exceptions.ExecutionDoesNotExist:
            raise NoSuchExecution(
                f"There is no execution {arguments.name}. The name of an execution is the ID of its job or training."
                " List them with `executions` and `trainings`."
            ) from None
        console.print(timeline_table(execution, read_timeline(cloud.execution_history(arguments.name))))
        return
    pages = stepfunctions.get_paginator("list_executions").paginate(stateMachineArn=cloud.outputs["StateMachineArn"])
    console.print(executions_table(execution for page in pages for execution in page["executions"]))


def job(arguments: argparse.Namespace) -> None:
    state = StateDir.at(arguments.state_dir)
    try:
        cloud = LocalCloud.attach(arguments.state_dir)
    except NotRunning:
        cloud = None
        console.print("No local cloud is running. The events are from the logs of the last run.")
    console.print(job_timeline.timeline_table(arguments.job_id, job_events(cloud, state.logs, arguments.job_id)))


def logs(arguments: argparse.Namespace) -> None:
    state = StateDir.at(arguments.state_dir)
    folder = state.earlier_logs / arguments.earlier_run if arguments.earlier_run else state.logs
    if not folder.is_dir():
        runs = ", ".join(sorted(path.name for path in state.earlier_logs.glob("*"))) or "none"
        raise NoSuchLog(f"There are no logs in {folder}. Earlier runs with logs: {runs}")
    for line in log_lines(folder, arguments.source, follow=arguments.follow):
        print(line, flush=arguments.follow)


def token(arguments: argparse.Namespace) -> None:
    print(LocalCloud.attach(arguments.state_dir).sign_in(arguments.email))


def train(arguments: argparse.Namespace) -> None:
    training_id = trainings.start(
        LocalCloud.attach(arguments.state_dir),
        style=arguments.style,
        version=arguments.version or f"{datetime.now(UTC):%Y%m%d-%H%M%S}",
        folder=arguments.folder,
        who=arguments.who,
        steps=arguments.steps,
        seed=arguments.seed,
    )
    console.print(
        f"Training {training_id} started. `trainings` shows its progress and when it waits for approval.",
        soft_wrap=True,
    )


def approve(arguments: argparse.Namespace) -> None:
    decision = "reject" if arguments.reject else "approve"
    cloud = LocalCloud.attach(arguments.state_dir)
    trainings.decide(cloud, arguments.training_id, decision, who=arguments.who, why=arguments.why)
    console.print(f"{arguments.training_id}: {decision}", soft_wrap=True)


def rollback(arguments: argparse.Namespace) -> None:
    cloud = LocalCloud.attach(arguments.state_dir)
    result = trainings.roll_back(cloud, arguments.style, arguments.version, who=arguments.who, why=arguments.why)
    console.print(
        f"{result['style']}: the stable version is now {result['stable']} (was {result['was']})", soft_wrap=True
    )


def list_trainings(arguments: argparse.Namespace) -> None:
    console.print(trainings.trainings_table(trainings.list_all(LocalCloud.attach(arguments.state_dir))))


def _port(text: str) -> int:
    """A TCP port, or 0 for any free port; raises ArgumentTypeError."""
    if not text.isascii() or not text.isdigit() or len(text) > 5 or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"the port must be a whole number from 0 to 65535, not {text[:20]!r}")
    return int(text)


def _report(message: str) -> None:
    console.print(message, markup=False)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local_cloud", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--state-dir", type=Path, default=DEFAULT, help="folder for data and logs (default: %(default)s)"
    )

    up_parser = commands.add_parser(
        "up", parents=[shared], help="start the local cloud and deploy the stage, or deploy changes"
    )
    up_parser.add_argument(
        "--port", type=_port, help="port of the emulator (default: 4566, or any free port if it is in use)"
    )
    up_parser.add_argument(
        "--assembly", type=Path, help="cloud assembly to deploy (default: synthesize the local stage)"
    )
    up_parser.add_argument("--foreground", action="store_true", help="run in the foreground until Ctrl-C")
    up_parser.set_defaults(run=up)

    commands.add_parser("down", parents=[shared], help="stop the local cloud").set_defaults(run=down)
    commands.add_parser("status", parents=[shared], help="show stacks, services, GPU tasks and queues").set_defaults(
        run=status
    )

    commands.add_parser(
        "fleet", parents=[shared], help="show supply, demand and the last decisions of the fleet"
    ).set_defaults(run=fleet)

    interrupt_parser = commands.add_parser(
        "interrupt", parents=[shared], help="send a spot notice to a GPU task and take its instance away"
    )
    interrupt_parser.add_argument("task", nargs="?", help="start of the task's ID (default: the oldest task on spot)")
    interrupt_parser.set_defaults(run=interrupt)

    executions_parser = commands.add_parser(
        "executions", parents=[shared], help="list the executions of jobs, or show one state by state"
    )
    executions_parser.add_argument("name", nargs="?", help="name of an execution: the ID of its job or training")
    executions_parser.set_defaults(run=executions)

    job_parser = commands.add_parser("job", parents=[shared], help="show the timeline of a job")
    job_parser.add_argument("job_id", help="ID of the job")
    job_parser.set_defaults(run=job)

    logs_parser = commands.add_parser("logs", parents=[shared], help="print a log")
    logs_parser.add_argument(
        "source", nargs="?", default="emulator", help="emulator, worker or the name of a Lambda (default: %(default)s)"
    )
    logs_parser.add_argument("-f", "--follow", action="store_true", help="print new lines as they are written")
    logs_parser.add_argument("--run", dest="earlier_run", metavar="RUN", help="print the log of an earlier run")
    logs_parser.set_defaults(run=logs)

    token_parser = commands.add_parser("token", parents=[shared], help="sign in as a maker and print an access token")
    token_parser.add_argument(
        "email",
        nargs="?",
        default=DEMO_MAKER,
        help="email address of the maker; created at the first sign-in (default: %(default)s)",
    )
    token_parser.set_defaults(run=token)
    _add_trainings(commands, shared)
    return parser.parse_args()


def _add_trainings(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", shared: argparse.ArgumentParser
) -> None:
    train_parser = commands.add_parser("train", parents=[shared], help="train a style on a folder of captioned images")
    train_parser.add_argument("style", help="name of the style, as makers will request it")
    train_parser.add_argument(
        "folder", type=Path, help="folder with images, a <name>.txt caption for each, and a LICENCE file"
    )
    train_parser.add_argument("--version", help="version of the style (default: the current date and time)")
    train_parser.add_argument("--steps", type=int, help="number of training steps (default: set by the recipe)")
    train_parser.add_argument("--seed", type=int, default=0, help="random seed (default: %(default)s)")
    _add_who(train_parser, "who requests the training")
    train_parser.set_defaults(run=train)

    approve_parser = commands.add_parser("approve", parents=[shared], help="approve or reject a training")
    approve_parser.add_argument("training_id", help="ID of the training")
    approve_parser.add_argument("--reject", action="store_true", help="reject the training instead")
    _add_who(approve_parser, "who decides")
    approve_parser.add_argument("--why", required=True, help="reason for the decision, which is recorded")
    approve_parser.set_defaults(run=approve)

    rollback_parser = commands.add_parser("rollback", parents=[shared], help="roll a style back to an earlier version")
    rollback_parser.add_argument("style", help="name of the style")
    rollback_parser.add_argument("version", nargs="?", help="version to restore (default: the previous stable version)")
    _add_who(rollback_parser, "who requests the rollback")
    rollback_parser.add_argument("--why", required=True, help="reason for the rollback, which is recorded")
    rollback_parser.set_defaults(run=rollback)

    commands.add_parser("trainings", parents=[shared], help="list the trainings").set_defaults(run=list_trainings)


def _add_who(parser: argparse.ArgumentParser, help_text: str) -> None:
    parser.add_argument("--who", default=getpass.getuser(), help=f"{help_text} (default: %(default)s)")


if __name__ == "__main__":
    sys.exit(main())
