"""The Hugging Face Hub at its HTTP boundary: one repository at one commit, which is a folder."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
from huggingface_hub import set_client_factory
from huggingface_hub.utils._http import default_client_factory

COMMIT = "c0ffee" + "0" * 34
REPOSITORY = "somebody/model"
HEADER_BYTES = 100_001  # that the client reads of weights to see their header


class FakeHub:
    """Answers as the hub does. `read` has the names of the files whose contents were asked for as a whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.read: list[str] = []
        self.names: dict[str, str] = {}  # what the listing calls a file, where that differs
        self.altered: set[str] = set()  # files that differ from the listing

    @contextmanager
    def answering(self) -> Iterator[None]:
        """The hub that the library `huggingface_hub` reaches."""
        set_client_factory(lambda: httpx2.Client(transport=httpx2.MockTransport(self._answer)))
        try:
            yield
        finally:
            set_client_factory(default_client_factory)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        if path in (f"/api/models/{REPOSITORY}/revision/{name}" for name in (COMMIT, "main")):
            return httpx2.Response(200, json={"id": REPOSITORY, "sha": COMMIT, "siblings": self._siblings()})
        name = path.removeprefix(f"/{REPOSITORY}/resolve/{COMMIT}/")
        if name == path or not (self._folder / name).is_file():
            return httpx2.Response(404, headers={"X-Error-Code": "RepoNotFound"})
        content = (self._folder / name).read_bytes()
        if name in self.altered:
            content = content[:-1] + bytes([content[-1] ^ 1])
        headers = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Repo-Commit": COMMIT}
        if request.method == "HEAD":
            return httpx2.Response(200, headers=headers | {"Content-Length": str(len(content))})
        if request.headers.get("range") == f"bytes=0-{HEADER_BYTES - 1}":
            return httpx2.Response(206, headers=headers, content=content[:HEADER_BYTES])
        self.read.append(name)
        return httpx2.Response(200, headers=headers, content=content)

    def _siblings(self) -> list[dict[str, object]]:
        paths = sorted(path for path in self._folder.rglob("*") if path.is_file())
        return [self._sibling(path) for path in paths]

    def _sibling(self, path: Path) -> dict[str, object]:
        name, content = path.relative_to(self._folder).as_posix(), path.read_bytes()
        sibling: dict[str, object] = {"rfilename": self.names.get(name, name), "size": len(content), "blobId": "0"}
        if name.endswith((".safetensors", ".bin")):
            sibling["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 1}
        return sibling
