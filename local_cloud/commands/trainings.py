"""Commands about trainings and styles: `train`, `approve`, `rollback`, `trainings`."""

import argparse
import getpass
from datetime import UTC, datetime
from pathlib import Path

from local_cloud import trainings
from local_cloud.commands.console import Commands, console
from local_cloud.launcher.cloud import LocalCloud


def add_commands(commands: "Commands[argparse.ArgumentParser]", shared: argparse.ArgumentParser) -> None:
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


def _add_who(parser: argparse.ArgumentParser, help_text: str) -> None:
    parser.add_argument("--who", default=getpass.getuser(), help=f"{help_text} (default: %(default)s)")
