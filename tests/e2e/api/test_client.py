"""The typed client for front ends is generated from the API description, type-checked, and used from Node."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lambdas.http.reference import write
from local_cloud.launcher.cloud import LocalCloud

ROOT = Path(__file__).parents[3]
TOOLS = ROOT / "node_modules" / ".bin"
NODE = Path(sys.executable).parent / "node"

PROGRAM = """
import {{ craftspark, ended, Refused }} from "{client}";

const client = craftspark({{ baseUrl: process.env.API, token: () => process.env.TOKEN }});
const params = {{ header: {{ "Idempotency-Key": "client-1" }} }};
const body = {{ prompt: "red apple", count: 1, steps: 1 }};
const {{ data }} = await client.POST("/v1/tools/picture/jobs", {{ params, body }});
const job = await ended(client, data.job_id);
let refused;
try {{
  await client.POST("/v1/tools/picture/jobs", {{ body: {{ prompt: "", count: 1 }} }});
}} catch (error) {{
  refused = {{ ours: error instanceof Refused, status: error.status, field: error.problem.field }};
}}
console.log(JSON.stringify({{ state: job.state, refused }}));
"""


LIVE = """
import {{ Refused }} from "{client}";
import {{ listen, pauseMs }} from "{live}";

// Connections that end as the script says; "down" is an API that answers 503, "refused" one that answers 401.
const script = ["told", "told", "never open", "never open", "down", "told", "refused"];
const log = {{ pauses: [], told: [], tickets: 0, opened: 0, refused: null }};
let turn;
const client = {{
  async POST() {{
    turn = script.shift();
    if (turn === "down") throw new Refused(503, {{}});
    if (turn === "refused") throw new Refused(401, {{}});
    log.tickets += 1;
    return {{ data: {{ url: `wss://live.example?ticket=${{log.tickets}}` }} }};
  }},
}};
function connect(url) {{
  const socket = {{ url, close() {{}} }};
  const told = turn === "told";
  queueMicrotask(() => {{
    if (told) socket.onopen();
    if (told) socket.onmessage({{ data: JSON.stringify({{ type: "job.deleted", job_id: url }}) }});
    socket.onclose();
  }});
  return socket;
}}
await new Promise((done) => {{
  listen(client, (message) => log.told.push(message.job_id), {{
    connect,
    random: () => 0.5,
    wait: async (milliseconds) => {{ log.pauses.push(milliseconds); }},
    opened: () => {{ log.opened += 1; }},
    refused: (problem) => {{ log.refused = problem.status; done(); }},
  }});
}});
const spread = [0, 1, 5, 50].map((failures) => [pauseMs(failures, () => 0), pauseMs(failures, () => 1)]);
console.log(JSON.stringify({{ ...log, spread }}));
"""


def run(*command: str, **environment: str) -> str:
    path = f"{NODE.parent}{os.pathsep}{TOOLS}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_committed_types_match_the_description(tmp_path: Path) -> None:
    types = tmp_path / "schema.d.ts"
    run("openapi-typescript", "docs/openapi.json", "--default-non-nullable", "false", "--output", str(types))

    assert types.read_text() == (ROOT / "web/client/schema.d.ts").read_text(), "run `make fix`"


@pytest.mark.parametrize(
    ("call", "good"),
    [
        ('client.GET("/v1/account")', True),
        ('client.GET("/v1/acount")', False),
        ('client.POST("/v1/tools/picture/jobs", { body: { prompt: "a", count: 1 } })', True),
        ('client.POST("/v1/tools/picture/jobs", { body: { prompt: "a", count: "1" } })', False),
        ('client.POST("/v1/tools/picture/jobs", { body: { count: 1 } })', False),
    ],
)
def test_the_compiler_knows_paths_and_bodies(tmp_path: Path, call: str, good: bool) -> None:
    program = tmp_path / "use.ts"
    client = f'import {{ craftspark }} from "{ROOT}/web/client/index";'
    program.write_text(f'{client}\nconst client = craftspark({{ baseUrl: "", token: () => "" }});\nawait {call};\n')
    options = ("--strict", "--noEmit", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler")

    done = subprocess.run(
        [str(NODE), str(TOOLS.parent / "typescript/lib/tsc.js"), *options, "--skipLibCheck", str(program)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )

    assert (done.returncode == 0) is good, done.stdout


def test_the_client_submits_polls_and_reports_rejections(cloud: LocalCloud, maker: str, tmp_path: Path) -> None:
    run("tsc", "--project", "web/client/tsconfig.json", "--outDir", str(ROOT / "build/client"))
    program = ROOT / "build/client/use.mjs"
    (ROOT / "build/client/package.json").write_text('{"type": "module"}')
    program.write_text(PROGRAM.format(client="./index.js"))

    told = json.loads(run("node", str(program), API=cloud.api_url, TOKEN=maker))

    assert told == {"state": "succeeded", "refused": {"ours": True, "status": 422, "field": "prompt"}}


def test_live_updates_reconnect_at_random_times(tmp_path: Path) -> None:
    run("tsc", "--project", "web/client/tsconfig.json", "--outDir", str(tmp_path))
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    (tmp_path / "listen.js").write_text(LIVE.format(client="./index.js", live="./live.js"))

    seen = json.loads(run("node", str(tmp_path / "listen.js")))

    assert seen["tickets"] == 5  # a new one for each connection
    assert seen["told"] == [f"wss://live.example?ticket={number}" for number in (1, 2, 5)]
    assert (seen["opened"], seen["refused"]) == (3, 401)
    assert seen["pauses"] == [5_000, 5_000, 10_000, 20_000, 40_000, 5_000]
    assert seen["spread"] == [[0, 10_000], [0, 20_000], [0, 120_000], [0, 120_000]]


def test_the_reference_page_loads_nothing_from_other_hosts(tmp_path: Path) -> None:
    write(tmp_path)

    page = (tmp_path / "index.html").read_text()
    assert "/v1/tools/picture/jobs" in page
    assert "http" not in page.split("apiDescriptionDocument")[0]
    assert (tmp_path / "web-components.min.js").stat().st_size > 1_000_000
