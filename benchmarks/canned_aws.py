"""A loopback server that responds to DynamoDB and SQS calls immediately, so that only the caller's CPU is measured.

`python -m benchmarks.canned_aws` prints its port and serves until its standard input closes.
"""

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RESPONSES = {
    "DynamoDB_20120810.TransactWriteItems": b"{}",
    "DynamoDB_20120810.Query": b'{"Count":0,"Items":[],"ScannedCount":0}',
    "AmazonSQS.SendMessage": b'{"MessageId":"1"}',
}


class CannedAws(BaseHTTPRequestHandler):
    """Selects the response by the header that names the operation."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        response = RESPONSES[self.headers["X-Amz-Target"]]
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
