"""The command about alarms: `alarms`."""

import argparse

from local_cloud.alarms import end_minute
from local_cloud.commands.console import Commands, console
from local_cloud.launcher.cloud import LocalCloud
from local_cloud.reports.alarm_tables import list_alarms


def add_commands(commands: "Commands[argparse.ArgumentParser]", shared: argparse.ArgumentParser) -> None:
    alarms_parser = commands.add_parser("alarms", parents=[shared], help="list the alarms, those in ALARM first")
    alarms_parser.add_argument(
        "--now", action="store_true", help="evaluate them first, as if the current minute had ended"
    )
    alarms_parser.set_defaults(run=alarms)


def alarms(arguments: argparse.Namespace) -> None:
    cloud = LocalCloud.attach(arguments.state_dir)
    if arguments.now:
        end_minute(cloud.endpoint)
    console.print(list_alarms(cloud))
