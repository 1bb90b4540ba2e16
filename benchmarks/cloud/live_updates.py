"""How long after an image is stored its live update reaches the client."""

import json
import time
from datetime import datetime
from statistics import median
from typing import Any

from websockets.sync.client import ClientConnection, connect

from benchmarks.cloud.local_runs import PATIENCE_S, run_cloud
from benchmarks.entries import Entry
from local_cloud.launcher.cloud import LocalCloud

JOBS, IMAGES = 12, 2


def measure() -> list[Entry]:
    """Measure from the time that an image is stored to the time that the client receives its message."""
    waits: list[float] = []
    with run_cloud("benchmarks.cloud.null_worker") as (cloud, client):
        session = client.post("/v1/live").raise_for_status().json()
        with connect(session["url"], open_timeout=PATIENCE_S, proxy=None) as connection:
            for _ in range(JOBS):
                request = {"prompt": "x", "count": IMAGES}
                job_id = client.post("/v1/tools/picture/jobs", json=request).raise_for_status().json()["job_id"]
                received = receive_images(connection, job_id)
                stored = read_storage_times(cloud, job_id)
                waits += [received[index] - stored[index] for index in stored]
    entry = Entry(
        name="live_update_s",
        value=round(median(waits), 4),
        goal=1.0,
        better="lower",
        unit="s",
        samples=[round(wait, 4) for wait in waits],
        beside={"longest": round(max(waits), 4)},
    )
    return [entry]


def receive_images(connection: ClientConnection, job_id: str) -> dict[int, float]:
    """Receive the messages of the job's images. Returns the Unix time of each, by index."""
    received: dict[int, float] = {}
    while len(received) < IMAGES:
        message: dict[str, Any] = json.loads(connection.recv(timeout=PATIENCE_S))
        if message["job_id"] == job_id and message["type"] == "image.done":
            received[message["index"]] = time.time()
    return received


def read_storage_times(cloud: LocalCloud, job_id: str) -> dict[int, float]:
    """Return the Unix time at which each of the job's images was stored, by index."""
    response = cloud.client("dynamodb").query(
        TableName=cloud.outputs["JobsTableName"],
        KeyConditionExpression="job_id = :id AND begins_with(#item, :image)",
        ExpressionAttributeNames={"#item": "item"},
        ExpressionAttributeValues={":id": {"S": job_id}, ":image": {"S": "image#"}},
    )
    return {
        int(item["item"]["S"].partition("#")[2]): datetime.fromisoformat(item["stored_at"]["S"]).timestamp()
        for item in response["Items"]
    }
