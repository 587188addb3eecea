"""A program that takes webhooks, answers as it is told, and keeps what it got."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any


@dataclass
class Receiver:
    """`statuses` are given one after another, then 200. `trickles`: its head comes a byte at a time, and never ends."""

    port: int = 0
    statuses: list[int] = field(default_factory=list)
    trickles: bool = False
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/alarms?token=path-secret-77"


@contextmanager
def receiver(certificate: Path | None = None) -> Iterator[Receiver]:
    box, ended = Receiver(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            box.taken.append((dict(self.headers), body))
            box.paths.append(self.path)
            if box.trickles:
                while not ended.wait(0.02):
                    self.wfile.write(b"H")
                return
            status = box.statuses.pop(0) if box.statuses else 200
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"http://127.0.0.1:{box.port}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            return

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:
                return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.handle_error = lambda *_args: None  # type: ignore[method-assign]
    box.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield box
    finally:
        ended.set()
        server.shutdown()
        thread.join()
        server.server_close()
