"""Commands that start, stop and enter the cloud: `up`, `down`, `token`."""

import argparse
from pathlib import Path

from local_cloud.commands.console import Commands, console
from local_cloud.launcher.cloud import LocalCloud
from local_cloud.launcher.environment import ACCESS_KEY, REGION, SECRET_KEY
from local_cloud.launcher.shutdown import stop
from local_cloud.launcher.state import DEFAULT, NotRunning
from local_cloud.launcher.studio import describe_studio
from local_cloud.makers import DEMO_MAKER


def add_commands(commands: "Commands[argparse.ArgumentParser]", shared: argparse.ArgumentParser) -> None:
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
    token_parser = commands.add_parser("token", parents=[shared], help="sign in as a maker and print an access token")
    token_parser.add_argument(
        "email",
        nargs="?",
        default=DEMO_MAKER,
        help="email address of the maker; created at the first sign-in (default: %(default)s)",
    )
    token_parser.set_defaults(run=token)


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
    """Print the addresses of the cloud, and who can sign in."""
    option = "" if arguments.state_dir == DEFAULT else f" --state-dir {arguments.state_dir}"
    console.print(describe_studio(cloud), soft_wrap=True)
    console.print(f"API      {cloud.api_url}/v1", soft_wrap=True)
    console.print(f"Token    python -m local_cloud token{option}", soft_wrap=True)
    console.print(f"AWS CLI  AWS_ENDPOINT_URL={cloud.endpoint} AWS_REGION={REGION}", soft_wrap=True)
    console.print(f"         AWS_ACCESS_KEY_ID={ACCESS_KEY} AWS_SECRET_ACCESS_KEY={SECRET_KEY}", soft_wrap=True)


def down(arguments: argparse.Namespace) -> None:
    console.print("Local cloud stopped" if stop(arguments.state_dir) else "No local cloud is running")


def token(arguments: argparse.Namespace) -> None:
    print(LocalCloud.attach(arguments.state_dir).sign_in(arguments.email))


def _port(text: str) -> int:
    """A TCP port, or 0 for any free port; raises ArgumentTypeError."""
    if not text.isascii() or not text.isdigit() or len(text) > 5 or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"the port must be a whole number from 0 to 65535, not {text[:20]!r}")
    return int(text)


def _report(message: str) -> None:
    console.print(message, markup=False)
