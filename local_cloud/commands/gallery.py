"""A command about the gallery: `gallery`."""

import argparse

from local_cloud.commands.console import Commands, console
from local_cloud.demo.gallery.seeding import seed_gallery
from local_cloud.launcher.cloud import LocalCloud


def add_commands(commands: "Commands[argparse.ArgumentParser]", shared: argparse.ArgumentParser) -> None:
    commands.add_parser(
        "gallery", parents=[shared], help="fill the gallery with examples that the built-in model drew"
    ).set_defaults(run=gallery)


def gallery(arguments: argparse.Namespace) -> None:
    shown = seed_gallery(LocalCloud.attach(arguments.state_dir))
    console.print(f"{shown} examples are in the gallery")
