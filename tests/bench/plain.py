"""What to compare with: the standard library's threaded server as it comes, fixed bytes."""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Plain(BaseHTTPRequestHandler):
    """Answers every GET with the same bytes, over HTTP/1.0 as it does by default."""

    body = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_args: Any) -> None:
        """Say nothing: a line per request would make the other side look better."""


class Server(ThreadingHTTPServer):
    """As it comes, but for what it prints when wrk hangs up at the end."""

    def handle_error(self, *_args: Any) -> None:
        """Say nothing."""


def main() -> None:
    Plain.body = bytes.fromhex(sys.argv[1])
    with Server(("127.0.0.1", 0), Plain) as server:
        sys.stdout.write(f"{server.server_address[1]}\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main()
