"""Commands about jobs and their logs: `executions`, `job`, `logs`."""

import argparse

from local_cloud.commands.console import Commands, console
from local_cloud.launcher.cloud import LocalCloud
from local_cloud.launcher.state import NotRunning, StateDir
from local_cloud.reports import job_timeline
from local_cloud.reports.execution_tables import executions_table, timeline_table
from local_cloud.reports.execution_timeline import NoSuchExecution, read_timeline
from local_cloud.reports.job_timeline import job_events
from local_cloud.reports.log_lines import NoSuchLog, log_lines


def add_commands(commands: "Commands[argparse.ArgumentParser]", shared: argparse.ArgumentParser) -> None:
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
