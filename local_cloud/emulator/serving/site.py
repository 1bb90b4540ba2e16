"""The stage's distribution, at its own port.

CloudFront gives each distribution a host name that leads to AWS. In the local cloud, the distribution is found by the
port instead: browsers, scripts and tests use the same address, and none needs a name server. Loopback stands for TLS.
"""

import os
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from local_cloud.emulator.addresses import SITE
from local_cloud.emulator.serving.asgi import Application
from local_cloud.emulator.serving.json_answers import send_json
from local_cloud.emulator.serving.request_bodies import read_body


def with_site(app: Application) -> Application:
    """The application, with the distribution at the port of `SITE`."""
    port = urlsplit(os.environ[SITE]).port

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] not in ("http", "websocket") or scope["server"][1] != port:
            await app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        else:
            await serve_viewer(scope, receive, send)

    return serve


async def serve_viewer(scope: Any, receive: Any, send: Any) -> None:
    """Answer a viewer of the distribution, as the emulator does for the distribution's host name."""
    from ministack.core import iam_evaluator
    from ministack.services import cloudfront

    distribution = next(iter(cloudfront._distributions.values()), None)
    if distribution is None:
        await send_json(send, 503, {"message": "the stage has no distribution yet"})
        return
    body = await read_body(receive)
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    headers |= {"host": distribution["DomainName"], "x-forwarded-proto": "https"}
    path, query = scope["path"], scope["query_string"].decode("latin-1")
    raw_path = (scope.get("raw_path") or quote(path).encode()).decode("latin-1").partition("?")[0]
    client = (scope.get("client") or ("127.0.0.1",))[0]
    iam_evaluator.pin_request_origin(client, secure_transport=True)
    status, answered, content = await cloudfront.handle_viewer_request(
        distribution,
        scope["method"],
        path,
        raw_path,
        query,
        headers,
        body,
        parse_qs(query, keep_blank_values=True),
        client,
    )
    await send({"type": "http.response.start", "status": status, "headers": _encode(answered)})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content})


def _encode(headers: dict[str, Any]) -> list[tuple[bytes, bytes]]:
    return [
        (name.lower().encode("latin-1"), str(each).encode("latin-1"))
        for name, value in headers.items()
        for each in (value if isinstance(value, list) else [value])
        if name.lower() not in ("content-length", "transfer-encoding")
    ]
