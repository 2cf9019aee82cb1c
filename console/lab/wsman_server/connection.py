"""One HTTP connection to a node: POST /wsman, who it is, and the envelope's way in and out."""

import contextlib
import socket
import ssl
import struct
from http.server import BaseHTTPRequestHandler
from typing import Any, Protocol

from console.lab.access import LabCredentials
from console.lab.wsman_server.authentication import (
    SEALED_TYPE,
    ConnectionIdentity,
    UnsealError,
)
from console.lab.wsman_server.dispatcher import Dispatcher
from console.lab.wsman_server.pipe import Cut
from console.lab.wsman_server.soap import MalformedRequest

_LONGEST_REQUEST = 4 * 1024 * 1024
_SOAP_TYPE = "application/soap+xml;charset=UTF-8"


def reset(client: socket.socket) -> None:
    """Have it closed without a goodbye, as by a machine without power."""
    with contextlib.suppress(OSError):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Door(Protocol):
    """What a connection knows of its node."""

    dispatcher: Dispatcher
    credentials: LabCredentials
    tls: ssl.SSLContext | None

    @property
    def is_down(self) -> bool: ...

    def refuses_everybody(self) -> bool: ...

    def wait_until_answering(self) -> bool: ...


class Connection(BaseHTTPRequestHandler):
    """Served until the client hangs up: constructing it does all of it."""

    protocol_version = "HTTP/1.1"
    # One segment an answer, sent at once: two small ones cost a delayed acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def __init__(self, client: socket.socket, address: Any, door: Door) -> None:
        self._door = door
        self._identity = ConnectionIdentity(
            door.credentials, door.refuses_everybody, has_basic=door.tls is not None
        )
        super().__init__(client, address, door)  # type: ignore[arg-type]

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length") or ""
        if not length.isdigit() or int(length) > _LONGEST_REQUEST:
            self.close_connection = True
            self._answer(413 if length.isdigit() else 411)
            return
        body = self.rfile.read(int(length))
        if not self._door.wait_until_answering():
            self._hang_up()
            return
        if self.path.split("?")[0].rstrip("/") != "/wsman":
            self._answer(404)
            return
        verdict = self._identity.judge(self.headers.get("Authorization") or "")
        if not verdict.user:
            self._answer(401, challenges=verdict.challenges)
        elif not body:
            # The client only wanted to be known before it seals its first message.
            self._answer(200, challenges=verdict.challenges)
        else:
            self._post(body, verdict.user, verdict.challenges)

    def _post(self, body: bytes, user: str, challenges: tuple[str, ...]) -> None:
        kind = self.headers.get("Content-Type") or ""
        is_sealed = kind.lower().startswith("multipart/encrypted")
        if not is_sealed and self._door.tls is None:
            self._answer(403)  # as with AllowUnencrypted=false
            return
        try:
            envelope = self._identity.unseal(body) if is_sealed else body
            answer, is_fault = self._door.dispatcher.answer(
                envelope, user, lambda: self._door.is_down
            )
        except (UnsealError, MalformedRequest):
            self._answer(400)
            return
        except Cut:
            self._hang_up()
            return
        # It may have frozen or died while the request was at work.
        if not self._door.wait_until_answering():
            self._hang_up()
            return
        sent = self._identity.seal(answer) if is_sealed else answer
        self._answer(500 if is_fault else 200, sent, challenges, is_sealed=is_sealed)

    def _hang_up(self) -> None:
        reset(self.connection)
        self.close_connection = True

    def _answer(
        self,
        status: int,
        body: bytes = b"",
        challenges: tuple[str, ...] = (),
        *,
        is_sealed: bool = False,
    ) -> None:
        self.send_response(status)
        for challenge in challenges:
            self.send_header("WWW-Authenticate", challenge)
        if body:
            self.send_header("Content-Type", SEALED_TYPE if is_sealed else _SOAP_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def finish(self) -> None:
        """Both streams are closed, also when the client is gone and nothing can be flushed."""
        for stream in (self.wfile, self.rfile):
            with contextlib.suppress(OSError, ValueError):
                stream.close()

    def version_string(self) -> str:
        return "Microsoft-HTTPAPI/2.0"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: requests carry credentials."""
