"""An HTTPS server on loopback that gives scripted answers and keeps what it was asked."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from console.lab.certificate import ServerCertificate


@dataclass
class Asked:
    method: str
    path: str
    authorization: str
    body: Any


@dataclass
class Reply:
    """``cut`` closes the connection instead of answering."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


Answer = Callable[[Asked], Reply]


class ScriptedArm:
    def __init__(self, folder: Path) -> None:
        certificate = ServerCertificate()
        self.ca_file = folder / "ca.pem"
        self.ca_file.write_bytes(certificate.ca_pem)
        self.asked: list[Asked] = []
        self.answer: Answer = lambda asked: Reply(404, {"error": {"code": "NotFound"}})
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                raw = self.rfile.read(length)
                body = json.loads(raw) if raw else None
                asked = Asked(self.command, self.path, self.headers.get("Authorization", ""), body)
                outer.asked.append(asked)
                reply = outer.answer(asked)
                if reply.cut:
                    self.close_connection = True
                    return
                content = reply.body if isinstance(reply.body, bytes) else b""
                if not content and reply.body is not None:
                    content = json.dumps(reply.body).encode()
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815

            def log_message(self, *arguments: object) -> None:
                return None

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.socket = certificate.server_context().wrap_socket(
            self._server.socket, server_side=True
        )
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
