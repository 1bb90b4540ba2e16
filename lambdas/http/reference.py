"""The API reference as a page: `python -m lambdas.http.reference` writes it to build/reference/.

Stoplight Elements (Apache-2.0) renders it. Its two files come from npm, pinned by their hashes; the page asks nobody
for anything when it is read.
"""

import hashlib
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path

from lambdas.http.openapi.document import describe

OUT = Path("build/reference")
PACKAGE = "@stoplight/elements@9.0.25"
FILES = {
    "styles.min.css": "062127db60930e408a1598797004dfcd14742b83a059ed6b381f08d42c4b4d3c",
    "web-components.min.js": "2cb7bb60bbf2846e077e2bd8357a61785120a1ab657885d482a6bd37b034c709",
}
PAGE = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Craftspark API</title>
    <link rel="stylesheet" href="styles.min.css" />
    <style>
      html, body {{ height: 100%; margin: 0; }}
    </style>
  </head>
  <body>
    <elements-api id="reference" router="hash" layout="sidebar" hideTryIt="true"></elements-api>
    <script src="web-components.min.js"></script>
    <script>
      document.getElementById("reference").apiDescriptionDocument = {document};
    </script>
  </body>
</html>
"""


class RendererChanged(Exception):
    """A file of the renderer does not have the pinned hash."""


def write(out: Path = OUT) -> None:
    """Write the page, its renderer and the OpenAPI document. Raises RendererChanged."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", "--pack-destination", folder, PACKAGE]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        [archive] = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as packed:
            for name, digest in FILES.items():
                member = packed.extractfile(f"package/{name}")
                content = member.read() if member else b""
                if hashlib.sha256(content).hexdigest() != digest:
                    raise RendererChanged(f"{name} of {PACKAGE} has another hash")
                (out / name).write_bytes(content)
    # A description may hold "</script>" in an example one day.
    document = json.dumps(describe()).replace("</", "<\\/")
    (out / "index.html").write_text(PAGE.format(document=document))


if __name__ == "__main__":
    write()
    print(OUT / "index.html")
