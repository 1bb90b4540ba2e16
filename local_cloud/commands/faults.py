"""The command `fault`: what AWS does only sometimes, switched on and off."""

import argparse

from rich.table import Table

from local_cloud.commands.console import Commands, console
from local_cloud.fault_switch import FaultSwitch
from local_cloud.faults import EVERYTHING, KINDS, Fault
from local_cloud.launcher.cloud import LocalCloud

OFF = "off"
HELP = f"""switch a fault on, list the faults that are on, or end all of them with `{OFF}`"""


def add_commands(commands: "Commands[argparse.ArgumentParser]", shared: argparse.ArgumentParser) -> None:
    kinds = "; ".join(f"{kind}: {meaning}" for kind, meaning in KINDS.items())
    parser = commands.add_parser("fault", parents=[shared], help=HELP, description=f"{HELP}. {kinds}.")
    parser.add_argument("kind", nargs="?", choices=(*KINDS, OFF), help="what happens; without it, list what is on")
    parser.add_argument(
        "target",
        nargs="?",
        default=EVERYTHING,
        help="action such as sqs:SendMessage, or name of the queue, function, table or zone; may contain *"
        " (default: everything)",
    )
    parser.add_argument(
        "--share", type=float, help=f"share of the calls that are struck (default: {Fault.share}; of a zone 1)"
    )
    parser.add_argument("--seed", type=int, default=Fault.seed, help="which calls are struck (default: %(default)s)")
    parser.add_argument("--seconds", type=float, help=f"how long (default: until `fault {OFF}`)")
    parser.set_defaults(run=fault)


def fault(arguments: argparse.Namespace) -> None:
    switch = FaultSwitch(LocalCloud.attach(arguments.state_dir).endpoint)
    if arguments.kind == OFF:
        switch.end_all()
    elif arguments.kind:
        # A zone is lost as a whole.
        share = arguments.share if arguments.share is not None else 1.0 if arguments.kind == "zone" else Fault.share
        switch.switch_on(Fault(arguments.kind, arguments.target, share, arguments.seed, arguments.seconds))
    _show(switch)


def _show(switch: FaultSwitch) -> None:
    faults = switch.read()
    if not faults:
        console.print("No fault is on")
        return
    table = Table("fault", "target", "share", "seed", "ends in", "calls", "struck", title="Faults")
    for each in faults:
        left = "-" if each["seconds"] is None else f"{each['seconds']:.0f} s"
        cells = (each["kind"], each["target"], f"{each['share']:g}", each["seed"], left, each["calls"], each["struck"])
        table.add_row(*map(str, cells))
    console.print(table)
