"""Start, inspect and stop the local cloud."""

import argparse
import getpass
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from local_cloud import trainings
from local_cloud.makers import DEMO
from local_cloud.reports import job_story
from local_cloud.reports.execution_story import NoSuchExecution, read_story
from local_cloud.reports.execution_tables import executions_table, story_table
from local_cloud.reports.job_story import NoSuchJob, job_events
from local_cloud.reports.log_lines import NoSuchLog, log_lines
from local_cloud.reports.status_tables import status_tables
from local_cloud.running.assembly import AssetUnsupported
from local_cloud.running.cloud import LocalCloud
from local_cloud.running.deployment import DeployFailed
from local_cloud.running.emulator_process import EmulatorFailed, PortTaken
from local_cloud.running.state import DEFAULT, AlreadyRunning, NotRunning, StateDir
from local_cloud.running.stopping import stop
from local_cloud.running.synthesis import SynthesisFailed

# A pipe has no width. The tables need 140 columns.
console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
REFUSALS = (
    AlreadyRunning,
    AssetUnsupported,
    DeployFailed,
    EmulatorFailed,
    NoSuchExecution,
    NoSuchJob,
    NoSuchLog,
    NotRunning,
    PortTaken,
    trainings.Refused,
)


def main() -> int:
    arguments = _arguments()
    # A command that is told to stop undoes what it began, such as an emulator that is coming up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        arguments.run(arguments)
    except (*REFUSALS, SynthesisFailed) as refusal:
        Console(stderr=True, highlight=False).print(f"{refusal}", style="red", markup=False)
        return 1
    except (BotoCoreError, ClientError) as failure:
        Console(stderr=True, highlight=False).print(
            f"The emulator returned an error: {failure}", style="red", markup=False
        )
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader of the pipe has closed it
    except OSError as failure:  # such as a full disk or a read-only folder
        Console(stderr=True, highlight=False).print(
            f"The operating system returned an error: {failure}", style="red", markup=False
        )
        return 1
    return 0


def up(arguments: argparse.Namespace) -> None:
    """Start the cloud and deploy the stage. If a cloud is running, deploy changes only."""
    try:
        running = LocalCloud.attach(arguments.state_dir)
    except NotRunning:
        _start(arguments)
        return
    _say_where(running.redeployed(assembly=arguments.assembly, report=_report), arguments)


def _start(arguments: argparse.Namespace) -> None:
    chosen = {"port": arguments.port, "assembly": arguments.assembly, "report": _report}
    if arguments.foreground:
        with LocalCloud.running(arguments.state_dir, **chosen) as cloud:
            _say_where(cloud, arguments)
            console.print("Press Ctrl-C to stop.")
            cloud.wait()
        console.print("The emulator has stopped.")
        return
    _say_where(LocalCloud.left_running(arguments.state_dir, **chosen), arguments)


def _say_where(cloud: LocalCloud, arguments: argparse.Namespace) -> None:
    cloud.sign_in()
    option = "" if arguments.state_dir == DEFAULT else f" --state-dir {arguments.state_dir}"
    console.print(f"API      {cloud.api_url}", soft_wrap=True)
    console.print(f"Maker    {DEMO} (get an access token: python -m local_cloud token{option})", soft_wrap=True)
    console.print(f"AWS CLI  AWS_ENDPOINT_URL={cloud.endpoint} (any credentials, region us-east-1)", soft_wrap=True)


def down(arguments: argparse.Namespace) -> None:
    console.print("Local cloud stopped" if stop(arguments.state_dir) else "No local cloud is running")


def status(arguments: argparse.Namespace) -> None:
    for table in status_tables(LocalCloud.attach(arguments.state_dir)):
        console.print(table)


def executions(arguments: argparse.Namespace) -> None:
    cloud = LocalCloud.attach(arguments.state_dir)
    stepfunctions = cloud.client("stepfunctions")
    if arguments.name:
        arn = cloud.execution_arn(arguments.name)
        try:
            execution = stepfunctions.describe_execution(executionArn=arn)
        except stepfunctions.exceptions.ExecutionDoesNotExist:
            raise NoSuchExecution(
                f"There is no execution {arguments.name}. The name of an execution is the id of its job or training."
                " List them with `executions` and `trainings`."
            ) from None
        console.print(story_table(execution, read_story(cloud.execution_history(arguments.name))))
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
    console.print(job_story.story_table(arguments.job_id, job_events(cloud, state.logs, arguments.job_id)))


def logs(arguments: argparse.Namespace) -> None:
    state = StateDir.at(arguments.state_dir)
    folder = state.earlier / arguments.earlier_run if arguments.earlier_run else state.logs
    if not folder.is_dir():
        runs = ", ".join(sorted(path.name for path in state.earlier.glob("*"))) or "none"
        raise NoSuchLog(f"There are no logs in {folder}. Earlier runs with logs: {runs}")
    for line in log_lines(folder, arguments.source, follow=arguments.follow):
        print(line, flush=arguments.follow)


def token(arguments: argparse.Namespace) -> None:
    print(LocalCloud.attach(arguments.state_dir).sign_in(arguments.email))


def train(arguments: argparse.Namespace) -> None:
    training_id = trainings.train(
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
    done = trainings.roll_back(cloud, arguments.style, arguments.version, who=arguments.who, why=arguments.why)
    console.print(f"{done['style']}: the stable version is now {done['stable']} (was {done['was']})", soft_wrap=True)


def list_trainings(arguments: argparse.Namespace) -> None:
    console.print(trainings.trainings_table(trainings.listed(LocalCloud.attach(arguments.state_dir))))


def _port(text: str) -> int:
    """A TCP port, or 0 for any that is free; raises ArgumentTypeError."""
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

    bring_up = commands.add_parser(
        "up", parents=[shared], help="start the local cloud and deploy the stage, or deploy changes"
    )
    bring_up.add_argument(
        "--port", type=_port, help="port of the emulator (default: 4566, or any free port if it is in use)"
    )
    bring_up.add_argument(
        "--assembly", type=Path, help="cloud assembly to deploy (default: synthesize the local stage)"
    )
    bring_up.add_argument("--foreground", action="store_true", help="run in the foreground until Ctrl-C")
    bring_up.set_defaults(run=up)

    commands.add_parser("down", parents=[shared], help="stop the local cloud").set_defaults(run=down)
    commands.add_parser("status", parents=[shared], help="show stacks, services, GPU tasks and queues").set_defaults(
        run=status
    )

    list_or_tell = commands.add_parser(
        "executions", parents=[shared], help="list the executions, or show one in detail"
    )
    list_or_tell.add_argument("name", nargs="?", help="name of an execution: the id of its job or training")
    list_or_tell.set_defaults(run=executions)

    tell_job = commands.add_parser("job", parents=[shared], help="show all events of a job in order")
    tell_job.add_argument("job_id", help="id of the job")
    tell_job.set_defaults(run=job)

    print_logs = commands.add_parser("logs", parents=[shared], help="print logs")
    print_logs.add_argument(
        "source", nargs="?", default="emulator", help="emulator, worker or the name of a Lambda (default: %(default)s)"
    )
    print_logs.add_argument("-f", "--follow", action="store_true", help="print new lines as they are written")
    print_logs.add_argument("--run", dest="earlier_run", metavar="RUN", help="print the logs of an earlier run")
    print_logs.set_defaults(run=logs)

    sign_in = commands.add_parser("token", parents=[shared], help="sign in as a maker and print an access token")
    sign_in.add_argument(
        "email",
        nargs="?",
        default=DEMO,
        help="email address of the maker; created at the first sign-in (default: %(default)s)",
    )
    sign_in.set_defaults(run=token)
    _add_trainings(commands, shared)
    return parser.parse_args()


def _add_trainings(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", shared: argparse.ArgumentParser
) -> None:
    begin = commands.add_parser("train", parents=[shared], help="train a style on a folder of captioned images")
    begin.add_argument("style", help="name of the style, as makers will request it")
    begin.add_argument(
        "folder", type=Path, help="folder with images, a <name>.txt caption for each, and a LICENCE file"
    )
    begin.add_argument("--version", help="version of the style (default: the current date and time)")
    begin.add_argument("--steps", type=int, help="number of training steps (default: set by the recipe)")
    begin.add_argument("--seed", type=int, default=0, help="random seed (default: %(default)s)")
    begin.add_argument("--who", default=getpass.getuser(), help="who requests the training (default: %(default)s)")
    begin.set_defaults(run=train)

    decide = commands.add_parser("approve", parents=[shared], help="approve or reject a training")
    decide.add_argument("training_id", help="id of the training")
    decide.add_argument("--reject", action="store_true", help="reject the training instead")
    decide.add_argument("--who", default=getpass.getuser(), help="who decides (default: %(default)s)")
    decide.add_argument("--why", required=True, help="reason for the decision, which is recorded")
    decide.set_defaults(run=approve)

    back = commands.add_parser("rollback", parents=[shared], help="roll a style back to an earlier version")
    back.add_argument("style", help="name of the style")
    back.add_argument("version", nargs="?", help="version to restore (default: the previous stable version)")
    back.add_argument("--who", default=getpass.getuser(), help="who requests the rollback (default: %(default)s)")
    back.add_argument("--why", required=True, help="reason for the rollback, which is recorded")
    back.set_defaults(run=rollback)

    commands.add_parser("trainings", parents=[shared], help="list the trainings").set_defaults(run=list_trainings)


if __name__ == "__main__":
    sys.exit(main())
