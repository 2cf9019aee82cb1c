"""Who a connection belongs to (Basic, Negotiate) and the sealing of messages (MS-WSMV 2.2.9.1)."""

import base64
import binascii
import contextlib
import hmac
import os
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import spnego
from spnego.exceptions import SpnegoError

from console.lab.access import LabCredentials

BASIC = 'Basic realm="WSMAN"'
NEGOTIATE = "Negotiate"
_USER_FILE = "NTLM_USER_FILE"
_user_file_lock = threading.Lock()
_BOUNDARY = b"--Encrypted Boundary"
_SEALED = "application/HTTP-SPNEGO-session-encrypted"
SEALED_TYPE = f'multipart/encrypted;protocol="{_SEALED}";boundary="Encrypted Boundary"'
_SOAP_TYPE = "application/soap+xml;charset=UTF-8"
_OCTETS = b"\tContent-Type: application/octet-stream\r\n"


@dataclass(frozen=True)
class Verdict:
    """``user`` empty: answer 401 with ``challenges``; else send them along, if any."""

    user: str = ""
    challenges: tuple[str, ...] = ()


class UnsealError(Exception):
    """A body that does not unseal for this connection's context."""


class ConnectionIdentity:
    """Negotiate is bound to the TCP connection: one object a connection, used by its thread."""

    def __init__(
        self, credentials: LabCredentials, refuses_all: Callable[[], bool], *, has_basic: bool
    ) -> None:
        self._credentials = credentials
        self._refuses_all = refuses_all
        self._offers = (NEGOTIATE, BASIC) if has_basic else (NEGOTIATE,)
        self._context: Any = None
        self._user = ""

    def judge(self, authorization: str) -> Verdict:
        """From the request's Authorization header, empty if it has none."""
        scheme, _, token = authorization.strip().partition(" ")
        if self._refuses_all():
            self._user, self._context = "", None
        elif scheme.lower() == "basic" and BASIC in self._offers:
            if self._is_right(token):
                return Verdict(self._credentials.username)
        elif scheme.lower() == "negotiate":
            return self._step(token)
        elif not scheme and self._user:
            return Verdict(self._user)
        return Verdict(challenges=self._offers)

    def _is_right(self, token: str) -> bool:
        with contextlib.suppress(binascii.Error, UnicodeDecodeError):
            name, _, password = base64.b64decode(token, validate=True).decode().partition(":")
            own = self._credentials
            # Both are compared, so that the time tells nothing.
            same_name = hmac.compare_digest(name.lower().encode(), own.username.lower().encode())
            return hmac.compare_digest(password.encode(), own.password.encode()) and same_name
        return False

    def _step(self, token: str) -> Verdict:
        if self._context is None or self._context.complete:
            self._user = ""
        try:
            given = base64.b64decode(token, validate=True)
            with _lent_user_file(self._credentials):
                if self._context is None or self._context.complete:
                    options = (
                        spnego.NegotiateOptions.use_negotiate
                        | spnego.NegotiateOptions.wrapping_winrm
                    )
                    self._context = spnego.server(protocol="negotiate", options=options)
                reply = self._context.step(given)
        except (SpnegoError, binascii.Error, ValueError, struct.error):
            self._context = None
            return Verdict(challenges=self._offers)
        answer = (f"{NEGOTIATE} {base64.b64encode(reply).decode()}",) if reply else ()
        if not self._context.complete:
            return Verdict(challenges=answer)
        if not self._is_known(str(self._context.client_principal or "")):
            self._context = None
            return Verdict(challenges=self._offers)
        self._user = self._credentials.username
        return Verdict(self._user, answer)

    def _is_known(self, principal: str) -> bool:
        """NTLM says DOMAIN\\user, Kerberos user@REALM: only the lab's own user comes in."""
        own = self._credentials.username.rpartition("\\")[2]
        given = principal.rpartition("\\")[2].partition("@")[0]
        return hmac.compare_digest(given.lower().encode(), own.lower().encode())

    # -- sealing -------------------------------------------------------------------------------
    def unseal(self, body: bytes) -> bytes:
        """The envelope inside a multipart/encrypted body. Raises UnsealError."""
        if self._context is None or not self._context.complete:
            raise UnsealError("no context to unseal with")
        start = body.find(_OCTETS)
        end = body.rfind(_BOUNDARY + b"--")
        if start < 0 or end < 0:
            raise UnsealError("not the parts that are expected")
        payload = body[start + len(_OCTETS) : end]
        try:
            (size,) = struct.unpack_from("<i", payload)
            if not 0 <= size <= len(payload) - 4:
                raise UnsealError("not a signature's length")
            opened: bytes = self._context.unwrap_winrm(payload[4 : 4 + size], payload[4 + size :])
        except (SpnegoError, struct.error, ValueError) as error:
            raise UnsealError(str(error)) from error
        return opened

    def seal(self, envelope: bytes) -> bytes:
        """The envelope as a multipart/encrypted body."""
        sealed = self._context.wrap_winrm(envelope)
        length = len(envelope) + sealed.padding_length
        original = f"\tOriginalContent: type={_SOAP_TYPE};Length={length}"
        lines = (_BOUNDARY, f"\tContent-Type: {_SEALED}".encode(), original.encode(), _BOUNDARY)
        size = struct.pack("<i", len(sealed.header))
        body: bytes = sealed.header + sealed.data
        return b"\r\n".join((*lines, _OCTETS)) + size + body + _BOUNDARY + b"--\r\n"


@contextlib.contextmanager
def _lent_user_file(credentials: LabCredentials) -> Iterator[None]:
    """pyspnego's acceptor knows users only from a file: it exists for one step, for nobody else."""
    domain, _, user = credentials.username.rpartition("\\")
    with _user_file_lock:
        handle, name = tempfile.mkstemp(prefix="tlconsole-lab-")  # private from its first moment
        before = os.environ.get(_USER_FILE)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(f"{domain}:{user}:{credentials.password}\n")
            os.environ[_USER_FILE] = name
            yield
        finally:
            if before is None:
                os.environ.pop(_USER_FILE, None)
            else:
                os.environ[_USER_FILE] = before
            Path(name).unlink(missing_ok=True)
