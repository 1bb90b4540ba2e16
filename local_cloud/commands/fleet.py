"""Commands about what runs: `status`, `fleet`, `interrupt`."""

import argparse

from local_cloud import interruptions
from local_cloud.commands.console import Commands, console
from local_cloud.launcher.cloud import LocalCloud
from local_cloud.reports.fleet_tables import fleet_tables
from local_cloud.reports.status_tables import status_tables


def add_commands(commands: "Commands[argparse.ArgumentParser]", shared: argparse.ArgumentParser) -> None:
    commands.add_parser("status", parents=[shared], help="show stacks, services, GPU tasks and queues").set_defaults(
        run=status
    )
    commands.add_parser(
        "fleet", parents=[shared], help="show supply, demand, decisions and refusals of the fleet"
    ).set_defaults(run=fleet)
    interrupt_parser = commands.add_parser(
        "interrupt", parents=[shared], help="send a spot notice to a GPU task and take its instance away"
    )
    interrupt_parser.add_argument("task", nargs="?", help="start of the task's ID (default: the oldest task on spot)")
    interrupt_parser.set_defaults(run=interrupt)


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
