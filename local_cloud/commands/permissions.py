"""Commands about permissions: `permissions`."""

import argparse
from pathlib import Path

from rich.table import Table

from local_cloud.commands.console import Commands, console
from local_cloud.launcher.cloud import LocalCloud
from local_cloud.launcher.resource_names import RECORD
from local_cloud.reports.permissions import (
    find_unused,
    list_grants,
    merge,
    read_calls,
    read_names,
    read_policies,
)


def add_commands(commands: "Commands[argparse.ArgumentParser]", shared: argparse.ArgumentParser) -> None:
    parser = commands.add_parser(
        "permissions", parents=[shared], help="list the permissions of roles that no call has used"
    )
    parser.add_argument(
        "--record", type=Path, help="file of calls of earlier runs, which count as well; the run's calls are added"
    )
    parser.add_argument("--calls", type=Path, nargs="*", default=[], help="records of other runs, which count as well")
    parser.set_defaults(run=permissions)


def permissions(arguments: argparse.Namespace) -> None:
    cloud = LocalCloud.attach(arguments.state_dir)
    grants = list(list_grants(read_policies(cloud), read_names(cloud)))
    calls = [call for file in (cloud.state.logs / RECORD, *arguments.calls) for call in read_calls(file)]
    if arguments.record:
        calls = merge(arguments.record, calls, grants)
    unused = find_unused(grants, calls)
    table = Table(title=f"{len(unused)} of {len(grants)} permissions are not used", title_justify="left")
    for column in ("role", "action", "resources"):
        table.add_column(column, overflow="fold")
    for grant in sorted(unused, key=lambda each: (each.role, each.action)):
        table.add_row(grant.role, grant.action, "\n".join(grant.resources))
    console.print(table)
