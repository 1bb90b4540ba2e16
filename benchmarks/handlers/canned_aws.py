"""A loopback server that responds to calls of AWS immediately, so that only the caller's CPU is measured.

`python -m benchmarks.handlers.canned_aws` prints its port and serves until its standard input closes. It has DynamoDB,
SQS, Step Functions, Parameter Store, and ECS with two services and their tasks. No job waits in the table, and the
record of the fleet's controller says that the same tasks run.
"""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from craftspark.aws.items import job_key, text
from craftspark.aws.jobs.speed import FLEET, SUPPLY, partition
from craftspark.fleet.supply import PoolSupply, TypeSupply

QUERY = "DynamoDB_20120810.Query"
CLUSTER = "arn:aws:ecs:us-east-1:123456789012:{}/cluster/{}"
SPOT, ON_DEMAND = "spot", "on-demand"
TASKS = 100


def describe_ecs() -> dict[str, dict[str, object]]:
    """A service on spot with all tasks, and one on demand with none."""
    tasks = [
        {
            "taskArn": CLUSTER.format("task", number),
            "containerInstanceArn": CLUSTER.format("container-instance", number),
            "availabilityZone": "us-east-1a",
            "group": f"service:{SPOT}",
            "lastStatus": "RUNNING",
            "createdAt": time.time() - 3600,
            "startedAt": time.time() - 3600,
        }
        for number in range(TASKS)
    ]
    kind = [{"name": "ecs.instance-type", "value": "g5.xlarge"}]
    return {
        "DescribeServices": {
            "services": [
                {"serviceName": name, "status": "ACTIVE", "desiredCount": count, "runningCount": count}
                for name, count in ((SPOT, TASKS), (ON_DEMAND, 0))
            ]
        },
        "ListTasks": {"taskArns": [task["taskArn"] for task in tasks]},
        "DescribeTasks": {"tasks": tasks},
        "DescribeContainerInstances": {
            "containerInstances": [
                {"containerInstanceArn": task["containerInstanceArn"], "attributes": kind} for task in tasks
            ]
        },
        "UpdateService": {"service": {}},
    }


RESPONSES = {
    "DynamoDB_20120810.TransactWriteItems": b"{}",
    "AmazonSQS.SendMessage": b'{"MessageId":"1"}',
    "AWSStepFunctions.StartExecution": b'{"executionArn":"arn","startDate":0}',
    "AWSStepFunctions.SendTaskSuccess": b"{}",
    "AWSStepFunctions.SendTaskFailure": b"{}",
    "AWSStepFunctions.SendTaskHeartbeat": b"{}",
    "AmazonSSM.PutParameter": b'{"Version":1}',
    **{
        f"AmazonEC2ContainerServiceV20141113.{call}": json.dumps(response).encode()
        for call, response in describe_ecs().items()
    },
}


def answer_query(request: bytes) -> bytes:
    """The response to a query of an index, or of a pool's partition."""
    items = []
    if b"IndexName" not in request:
        supply = PoolSupply(
            at=time.time(),
            spot=TypeSupply(running=TASKS),
            on_demand=TypeSupply(),
            obtainable=TASKS,
            cold_start_s=120.0,
            reason="the demand",
        )
        items.append({**job_key(partition("draw"), FLEET), SUPPLY: text(supply.to_text())})
    return json.dumps({"Count": len(items), "Items": items, "ScannedCount": len(items)}).encode()


class CannedAws(BaseHTTPRequestHandler):
    """Selects the response by the header that names the operation."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        request, operation = self.rfile.read(int(self.headers["Content-Length"])), self.headers["X-Amz-Target"]
        self._respond(answer_query(request) if operation == QUERY else RESPONSES[operation])

    def do_GET(self) -> None:
        """The metadata of a task."""
        self._respond(json.dumps({"TaskARN": CLUSTER.format("task", 0)}).encode())

    def _respond(self, response: bytes) -> None:
        self.wfile.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n%s"
            % (len(response), response)
        )

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), CannedAws)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
