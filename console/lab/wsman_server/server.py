"""The lab's WS-Man service: one TLS listener a node, Basic or Negotiate, POST /wsman only."""

import base64
import contextlib
import hmac
import os
import socket
import ssl
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import spnego
from spnego import NegotiateOptions
from spnego.exceptions import SpnegoError

from console.lab.access import LabCredentials
from console.lab.certificate import ServerCertificate
from console.lab.world.site import Site
from console.lab.wsman_server.dispatcher import Dispatcher
from console.lab.wsman_server.engine import FunctionEngine
from console.lab.wsman_server.twins import Twins

_LONGEST = 4 * 1024 * 1024
_FROZEN_POLL_S = 0.2


class WsmanServer:
    """Every node of the site on a port of its own. ``start``, ``stop``, ``ports`` by node name."""

    def __init__(self, site: Site, tls: ServerCertificate, credentials: LabCredentials) -> None:
        self._site = site
        self._context = tls.server_context()
        self._credentials = credentials
        self._listeners: dict[str, _Listener] = {}
        self._threads: list[threading.Thread] = []
        self._users_file = ""

    @property
    def ports(self) -> dict[str, int]:
        return {name: listener.server_port for name, listener in self._listeners.items()}

    def start(self) -> None:
        """Listen on 127.0.0.1, one free port a node."""
        self._users_file = _users_file(self._credentials)
        for name in self._site.nodes:
            twins = Twins(self._site, name)
            dispatcher = Dispatcher(name, FunctionEngine(twins.functions))
            listener = _Listener(self._context, self._site, name, dispatcher, self._credentials)
            self._listeners[name] = listener
            thread = threading.Thread(
                target=listener.serve_forever, args=(0.1,), name=f"lab wsman {name}", daemon=True
            )
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Hang up on everybody and end every thread."""
        for listener in self._listeners.values():
            listener.shutdown()
            listener.hang_up()
            listener.dispatcher.close()
            listener.server_close()
        for thread in self._threads:
            thread.join(5)
        self._threads.clear()
        self._listeners.clear()
        with contextlib.suppress(OSError):
            os.unlink(self._users_file)


def _users_file(credentials: LabCredentials) -> str:
    """pyspnego's acceptor reads NTLM users from a file only: private, of this run, then removed."""
    handle, name = tempfile.mkstemp(prefix="tlconsole-lab-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        domain, _, user = credentials.username.rpartition("\\")
        file.write(f"{domain}:{user}:{credentials.password}\n")
    os.environ["NTLM_USER_FILE"] = name
    return str(Path(name))


class _Listener(ThreadingHTTPServer):
    """One node's listener. TLS is shaken in the connection's own thread, never on accept."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(
        self,
        context: ssl.SSLContext,
        site: Site,
        node: str,
        dispatcher: Dispatcher,
        credentials: LabCredentials,
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.context, self.site, self.node = context, site, node
        self.dispatcher, self.credentials = dispatcher, credentials
        self.is_stopping = threading.Event()
        self._open: set[Any] = set()
        self._open_lock = threading.Lock()

    def finish_request(self, request: Any, client_address: Any) -> None:
        request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._open_lock:
            self._open.add(request)
        try:
            if self.is_down:
                return
            wrapped = self.context.wrap_socket(request, server_side=True)
            with contextlib.closing(wrapped):
                super().finish_request(wrapped, client_address)
        except (OSError, ssl.SSLError):
            return
        finally:
            with self._open_lock:
                self._open.discard(request)

    @property
    def is_down(self) -> bool:
        """A node that is down answers nobody; a quarantined one still does."""
        node = self.site.nodes[self.node]
        return node.state == "Down" and not node.status_flags

    def hang_up(self) -> None:
        self.is_stopping.set()
        with self._open_lock:
            for request in self._open:
                with contextlib.suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is none of our concern."""


class _Handler(BaseHTTPRequestHandler):
    """One connection: Negotiate is bound to it, so its state lives here."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: _Listener
    _user = ""
    _acceptor: Any = None

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _LONGEST:
            self._answer(413, b"")
            return
        body = self.rfile.read(length)
        node = self.server.site.nodes[self.server.node]
        while node.is_frozen:
            if self.server.is_stopping.wait(_FROZEN_POLL_S):
                self.close_connection = True
                return
        if self.server.is_down:
            self.close_connection = True
            return
        if node.wsman_delay_s:
            self.server.is_stopping.wait(node.wsman_delay_s)
        if not self.path.startswith("/wsman"):
            self._answer(404, b"")
            return
        if not self._authenticate():
            return
        status, answer = self.server.dispatcher.handle(body, self._user, self.client_address[0])
        self._answer(status, answer)

    # -- who is it -----------------------------------------------------------------------------
    def _authenticate(self) -> bool:
        header = self.headers.get("Authorization", "")
        scheme, _, token = header.partition(" ")
        if scheme.lower() == "basic" and self._basic(token):
            return True
        if scheme.lower() in ("negotiate", "ntlm") and token:
            return self._negotiate(scheme, token)
        if self._user and not header:
            return True
        self._answer(401, b"", offers=("Negotiate", 'Basic realm="WSMAN"'))
        return False

    def _basic(self, token: str) -> bool:
        try:
            user, _, password = base64.b64decode(token).decode().partition(":")
        except ValueError:
            return False
        known = self.server.credentials
        is_right = hmac.compare_digest(user.lower(), known.username.lower()) and (
            hmac.compare_digest(password.encode(), known.password.encode())
        )
        if not is_right or self.server.site.faults.wrong_password:
            return False
        self._user = known.username
        return True

    def _negotiate(self, scheme: str, token: str) -> bool:
        if self._acceptor is None or self._acceptor.complete:
            self._acceptor = spnego.server(
                protocol="negotiate", options=NegotiateOptions.use_negotiate
            )
        try:
            reply = self._acceptor.step(base64.b64decode(token))
        except (SpnegoError, ValueError):
            self._acceptor = None
            self._answer(401, b"", offers=("Negotiate",))
            return False
        if self._acceptor.complete and not self.server.site.faults.wrong_password:
            self._user = self.server.credentials.username
            return True
        text = base64.b64encode(reply or b"").decode()
        self._answer(401, b"", offers=(f"{scheme} {text}",))
        return False

    def _answer(self, status: int, body: bytes, offers: tuple[str, ...] = ()) -> None:
        self.send_response(status)
        for offer in offers:
            self.send_header("WWW-Authenticate", offer)
        self.send_header("Content-Type", "application/soap+xml;charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def version_string(self) -> str:
        return "Microsoft-HTTPAPI/2.0"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: requests carry credentials."""
