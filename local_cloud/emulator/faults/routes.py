"""Faults of AWS on request, by paths of the emulator that AWS does not have."""

from collections.abc import Callable, Mapping
from typing import Any

from local_cloud.emulator.faults import switch
from local_cloud.emulator.serving.asgi import Application
from local_cloud.emulator.serving.json_answers import send_json
from local_cloud.emulator.serving.request_bodies import read_body
from local_cloud.emulator.tasks import spot_interruptions
from local_cloud.faults import PATH

Answer = Callable[[str, bytes], tuple[int, dict[str, Any]]]


def posted(answer: Callable[[bytes], tuple[int, dict[str, Any]]]) -> Answer:
    """The answer of a path that is only posted to."""
    return lambda method, body: answer(body) if method == "POST" else (405, {"message": "use POST"})


ANSWERS: Mapping[str, Answer] = {
    PATH: switch.answer,
    spot_interruptions.PATH: posted(spot_interruptions.answer),
}


def with_faults(app: Application) -> Application:
    """The application, with the paths of faults in addition."""

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] not in ANSWERS:
            await app(scope, receive, send)
            return
        status, answer = ANSWERS[scope["path"]](scope["method"], await read_body(receive))
        await send_json(send, status, answer)

    return serve
