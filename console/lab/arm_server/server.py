"""The HTTPS server on loopback: sockets, TLS, keep-alive. What is said is up to the service."""

import json
import logging
import socket
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from console.lab.access import LabCredentials
from console.lab.arm_server.exchange import Request, Response, error_body
from console.lab.arm_server.identity_provider import IdentityProvider
from console.lab.arm_server.service import Service, Watcher
from console.lab.certificate import ServerCertificate
from console.lab.world.site import Site

_LOG = logging.getLogger(__name__)
_MOST_BODY = 4 * 1024 * 1024
_HANDSHAKE_S, _IDLE_S = 10.0, 120.0
_NO_BODY = (204, 304)
_GARBLED = b'{"value": [{"id": "/subscriptions/'


class ArmServer:
    """An ARM of one site. ``port`` 0: any free one, known once started.

    ``retry_after_s`` is what clients are asked to wait between looks at an operation.
    """

    def __init__(
        self,
        site: Site,
        certificate: ServerCertificate,
        credentials: LabCredentials,
        port: int = 0,
        retry_after_s: float = 1.0,
    ) -> None:
        self._site = site
        self._token = credentials.token
        self._wanted_port = port
        self._retry_after_s = retry_after_s
        self._context = certificate.server_context()
        self._listener: _Listener | None = None
        self._thread: threading.Thread | None = None
        self._watchers: list[Watcher] = []

    @property
    def port(self) -> int:
        assert self._listener is not None, "the server is not started"
        return int(self._listener.server_address[1])

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def identity(self) -> IdentityProvider:
        """Who hands out tokens here; known once started."""
        assert self._listener is not None, "the server is not started"
        return self._listener.service.identity

    def watch(self, watcher: Watcher) -> None:
        """Show every exchange to ``watcher``, on the connection's thread, before it is sent."""
        self._watchers.append(watcher)

    def start(self) -> None:
        """Listen; OSError if the port is taken."""
        self._listener = _Listener(("127.0.0.1", self._wanted_port), self._context)
        self._listener.service = Service(
            self._site, self._token, self.url, self._retry_after_s, self._listener.stopping
        )
        self._listener.service.watchers = self._watchers
        self._thread = threading.Thread(
            target=self._listener.serve_forever, args=(0.05,), name="lab-arm", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Close every connection; safe to call twice, and when never started."""
        listener, self._listener = self._listener, None
        if listener is None or self._thread is None:
            return
        self._wanted_port = int(listener.server_address[1])  # clients hold URLs that name it
        listener.stopping.set()
        listener.shutdown()
        self._thread.join()
        listener.hang_up()
        listener.server_close()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = sys.platform != "win32"  # there it would share the port
    service: Service

    def __init__(self, address: tuple[str, int], context: ssl.SSLContext) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._open: dict[socket.socket, threading.Thread] = {}
        self.stopping = threading.Event()
        super().__init__(address, _Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """On the connection's own thread, so that a slow handshake holds nobody up."""
        raw = cast(socket.socket, request)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw.settimeout(_HANDSHAKE_S)
        with self._context.wrap_socket(
            raw, server_side=True, do_handshake_on_connect=False
        ) as secured:
            with self._lock:
                if self.stopping.is_set():
                    return
                self._open[secured] = threading.current_thread()
            try:
                secured.do_handshake()
                secured.settimeout(_IDLE_S)
                super().finish_request(secured, client_address)
            finally:
                with self._lock:
                    self._open.pop(secured, None)

    def hang_up(self) -> None:
        """End every open connection and wait for its thread."""
        with self._lock:
            connections = list(self._open.items())
        for connection, _ in connections:
            try:
                # The TLS object's own shutdown would race with its reader.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
            except OSError:
                continue  # it ended by itself meanwhile
        for _, thread in connections:
            thread.join(5.0)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients come and go as they like; anything else is a fault of the lab's own."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):  # ssl.SSLError and timeouts are OSErrors
            _LOG.error("connection from %s", client_address, exc_info=error)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 64 * 1024

    def _serve(self) -> None:
        body = self._read_body()
        if body is None:
            return
        service = cast(_Listener, self.server).service
        request = Request.read(self.command, self.path, dict(self.headers.items()), body)
        response = service.answer(request)
        if response is None:
            self.close_connection = True
            return
        self._write(response, is_garbled=service.is_garbled)

    do_GET = do_HEAD = do_PUT = do_PATCH = do_DELETE = do_POST = _serve  # noqa: N815

    def _read_body(self) -> bytes | None:
        """None after an answer: no length, a wrong one, or too much."""
        if "Transfer-Encoding" in self.headers:
            self.send_error(411)
            return None
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal():
            self.send_error(400)
            return None
        if int(length) > _MOST_BODY:
            self.send_error(413)
            return None
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True
            return None
        return body

    def _write(self, response: Response, *, is_garbled: bool) -> None:
        is_page = isinstance(response.body, bytes)
        content = response.body if is_page else _written(response.body)
        if content and is_garbled:
            content = _GARBLED
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Cache-Control", "no-cache")
        if content and not is_page:
            self.send_header("Content-Type", "application/json; charset=utf-8")
        if response.status not in _NO_BODY:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Where HTTP itself was broken: ARM's shape all the same, and the end of the connection."""
        self.close_connection = True
        words = message or self.responses.get(code, ("Error", ""))[0]
        content = json.dumps(error_body("BadRequest", words)).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def version_string(self) -> str:
        return "tlconsole-lab"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: paths hold names, and nobody reads an access log here."""


def _written(body: Any) -> bytes:
    return b"" if body is None else json.dumps(body).encode()
