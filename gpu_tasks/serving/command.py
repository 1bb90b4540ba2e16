"""The command of the HTTP API. It serves until the process is stopped, and only it handles exit codes."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence

import uvicorn
from aws_lambda_powertools import Logger

from craftspark.fleet.interruptions.task_ends import ExitCode
from craftspark.settings.tasks import RendererSettings
from gpu_tasks.images.sources import Fetch
from gpu_tasks.renderers.loading import load_renderer
from gpu_tasks.renderers.pool_renderer import PoolRenderer
from gpu_tasks.serving.app import Application
from gpu_tasks.serving.requests import RequestRenderer

GRACE_S = 60  # for requests in progress when the process is stopped

logger = Logger(service="gpu_serving")


def main(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> int:
    """Serve and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m gpu_tasks serve", description="Serve the tools over HTTP.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="port to listen on (default: %(default)s)")
    options = parser.parse_args(arguments)
    settings = RendererSettings.from_environment(environment)
    failures: list[Exception] = []

    def end(error: Exception) -> None:
        logger.error("no renderer", extra={"reason": type(error).__name__, "detail": str(error)})
        failures.append(error)
        server.should_exit = True

    def load(fetch: Fetch) -> PoolRenderer:
        renderer = load_renderer(fetch, settings)
        renderer.preload()
        return renderer

    application = Application(settings.models, lambda: RequestRenderer(load), end)
    server = uvicorn.Server(
        uvicorn.Config(
            application.asgi,
            host=options.host,
            port=options.port,
            http="h11",  # the parser in the container, also where the local cloud has installed another
            log_level="warning",
            timeout_graceful_shutdown=GRACE_S,
        )
    )
    server.run()
    return ExitCode.MODEL_MISSING if failures else ExitCode.DONE
