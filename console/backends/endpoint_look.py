"""Is there a server at an address, and can its certificate be trusted: name, port, TLS, in words.

Nothing is sent but a TLS greeting. Standard library only, and blocking: call it in a thread.
"""

import contextlib
import datetime
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field

from console.model.connection import StepState, TestStep

CONNECT_S = 5.0
# OpenSSL's reasons (x509_vfy.h), as SSLCertVerificationError.verify_code tells them.
_NOT_YET, _EXPIRED, _WRONG_NAME, _WRONG_ADDRESS = 9, 10, 62, 64
_UNTRUSTED = (2, 18, 19, 20, 21, 24, 26)
# Certificates that end within this time are named before they do.
_SOON = datetime.timedelta(days=21)


@dataclass
class Look:
    """What was found at one address. ``is_good``: everything up to TLS passed."""

    steps: list[TestStep] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return all(step.state is not StepState.FAILED for step in self.steps)


def trust(ca_file: str) -> ssl.SSLContext:
    """Who is believed: the system's store, or only the chosen file. Raises OSError."""
    return ssl.create_default_context(cafile=ca_file or None)


def look(where: str, host: str, port: int, ca_file: str = "", *, has_tls: bool = True) -> Look:
    """Steps until the first that failed; what comes after it is listed as not tried."""
    found = Look()
    for title, step in _steps(where, host, port, ca_file, has_tls=has_tls):
        if not found.is_good:
            found.steps.append(not_tried(where, title))
        else:
            found.steps.append(step())
    return found


def not_tried(where: str, title: str) -> TestStep:
    return TestStep(where, title, StepState.NOT_TRIED, "Not tried: what it needs failed before.")


def _steps(where: str, host: str, port: int, ca_file: str, *, has_tls: bool) -> Iterator[tuple]:  # type: ignore[type-arg]
    yield "Name", lambda: _name(where, host, port)
    yield "Port", lambda: _port(where, host, port)
    if has_tls:
        yield "Certificate", lambda: _certificate(where, host, port, ca_file)


def _name(where: str, host: str, port: int) -> TestStep:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return TestStep(
            where, "Name", StepState.FAILED,
            f"The name {host} is not known to this computer's name resolution.",
            "Use the node's full name (with its domain), or look at DNS and VPN.",
            str(error),
        )  # fmt: skip
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    return TestStep(where, "Name", StepState.PASSED, f"{host} is {', '.join(addresses[:4])}.")


def _port(where: str, host: str, port: int) -> TestStep:
    try:
        with socket.create_connection((host, port), CONNECT_S):
            pass
    except ConnectionRefusedError as error:
        return TestStep(
            where, "Port", StepState.FAILED,
            f"Nothing listens at port {port} of {host}.",
            "Look whether the service runs there. On a node: winrm enumerate winrm/config/listener",
            str(error),
        )  # fmt: skip
    except TimeoutError as error:
        return TestStep(
            where, "Port", StepState.FAILED,
            f"Port {port} of {host} did not answer within {CONNECT_S:.0f} s.",
            "A firewall on the way drops it, or the computer is off.",
            str(error),
        )  # fmt: skip
    except OSError as error:
        return TestStep(
            where, "Port", StepState.FAILED,
            f"{host} cannot be reached from here.",
            "Look at the network, the route and the VPN.",
            str(error),
        )  # fmt: skip
    return TestStep(where, "Port", StepState.PASSED, f"Port {port} answers.")


def _certificate(where: str, host: str, port: int, ca_file: str) -> TestStep:
    try:
        context = trust(ca_file)
    except OSError as error:  # ssl.SSLError is one
        return TestStep(
            where, "Certificate", StepState.FAILED,
            "The chosen CA file cannot be read as certificates (PEM).",
            "Choose the file of the authority that signed the server's certificate.",
            f"{ca_file}: {error}",
        )  # fmt: skip
    try:
        with (
            socket.create_connection((host, port), CONNECT_S) as raw,
            context.wrap_socket(raw, server_hostname=host) as secured,
        ):
            shown = secured.getpeercert() or {}
            version = secured.version() or "TLS"
    except ssl.SSLCertVerificationError as error:
        return _refused(where, host, port, ca_file, error)
    except (OSError, ValueError) as error:
        return TestStep(
            where, "Certificate", StepState.FAILED,
            f"{host} answers at port {port}, but not with TLS 1.2 or newer.",
            "Look whether this is the HTTPS port (5986 for remoting).",
            str(error),
        )  # fmt: skip
    return _trusted(where, shown, version)


def _trusted(where: str, shown: dict, version: str) -> TestStep:  # type: ignore[type-arg]
    ends = datetime.datetime.fromtimestamp(
        ssl.cert_time_to_seconds(str(shown.get("notAfter"))), datetime.UTC
    )
    text = f"Trusted, {version}, valid until {ends:%Y-%m-%d}."
    if ends - datetime.datetime.now(datetime.UTC) < _SOON:
        return TestStep(
            where, "Certificate", StepState.NOTE, f"{text} It ends soon.",
            "Have it renewed: after that day every connection is refused.",
        )  # fmt: skip
    return TestStep(where, "Certificate", StepState.PASSED, text)


def _refused(
    where: str, host: str, port: int, ca_file: str, error: ssl.SSLCertVerificationError
) -> TestStep:
    """Why it is not believed, beside what it says of itself (which proves nothing)."""
    names, issuer, since, until = _says_of_itself(host, port)
    code = error.verify_code
    if code in (_WRONG_NAME, _WRONG_ADDRESS):
        text = f"The certificate is not for {host}. It names {names or 'no host at all'}."
        remedy = "Use the name that stands in the certificate, or have one issued for this name."
    elif code == _EXPIRED:
        text = f"The certificate expired{f' on {until}' if until else ''}."
        remedy = "Have it renewed on the server; look at this computer's clock too."
    elif code == _NOT_YET:
        text = f"The certificate is not valid yet{f' (from {since})' if since else ''}."
        remedy = "Look at the clocks of both computers."
    elif code in _UNTRUSTED:
        by = f" {issuer}" if issuer else ""
        store = "the chosen CA file" if ca_file else "this computer's store of authorities"
        text = f"The certificate was signed by an authority{by} that is not in {store}."
        remedy = "Choose the CA file of that authority, given by those who run the cluster."
    else:
        text = "The certificate is not trusted."
        remedy = "The technical detail holds the reason; there is no way to ignore it."
    detail = f"{error.verify_message} (code {code}); issuer: {issuer}; valid {since} to {until}"
    return TestStep(where, "Certificate", StepState.FAILED, text, remedy, detail)


def _says_of_itself(host: str, port: int) -> tuple[str, str, str, str]:
    """Names, issuer and days of a certificate that is NOT trusted; empty where unreadable."""
    from cryptography import x509

    with contextlib.suppress(OSError, ValueError):
        pem = ssl.get_server_certificate((host, port), timeout=CONNECT_S)
        shown = x509.load_pem_x509_certificate(pem.encode())
        names: list[str] = []
        with contextlib.suppress(x509.ExtensionNotFound):
            listed = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            names = [str(one.value) for one in listed][:6]
        return (
            ", ".join(names),
            shown.issuer.rfc4514_string()[:200],
            f"{shown.not_valid_before_utc:%Y-%m-%d}",
            f"{shown.not_valid_after_utc:%Y-%m-%d}",
        )
    return "", "", "", ""
