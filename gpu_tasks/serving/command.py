"""Serve until the process is told to stop; the only place of the HTTP API that knows exit codes."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence

import uvicorn
from aws_lambda_powertools import Logger

from craftspark.models.catalogue import find_model
from craftspark.settings.tasks import StudioSettings
from gpu_tasks.serving.app import Application
from gpu_tasks.serving.renders import Renders
from gpu_tasks.studio import open_studio
from gpu_tasks.worker.main import DONE, MODEL_MISSING

GRACE_S = 60  # for the requests that are under way when the process is told to stop

logger = Logger(service="gpu_serving")


def main(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> int:
    """Answers the exit code."""
    parser = argparse.ArgumentParser(prog="python -m gpu_tasks serve", description="Serve the tools over HTTP.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="port to listen on (default: %(default)s)")
    asked = parser.parse_args(arguments)
    settings = StudioSettings.from_environment(environment)
    failures: list[Exception] = []

    def end(error: Exception) -> None:
        logger.error("no renderer", extra={"reason": type(error).__name__, "detail": str(error)})
        failures.append(error)
        server.should_exit = True

    application = Application(
        find_model(settings.model), lambda: Renders(lambda fetch: open_studio(fetch, settings)), end
    )
    server = uvicorn.Server(
        uvicorn.Config(
            application.asgi,
            host=asked.host,
            port=asked.port,
            log_level="warning",
            timeout_graceful_shutdown=GRACE_S,
        )
    )
    server.run()
    return MODEL_MISSING if failures else DONE
