"""What went wrong on the cluster wire, in words: pypsrp's exceptions as faults."""

import requests
from pypsrp.exceptions import (
    AuthenticationError,
    WinRMError,
    WinRMTransportError,
    WSManFaultError,
)

from console.backends import BackendError
from console.model.freshness import Fault, FaultCode, cut

# WS-Man fault codes (psrp.md 1.4 and 2.2).
OPERATION_TIMED_OUT = 2150858793
SHELL_GONE = 2150858843
_ACCESS_DENIED = 5
_QUOTAS = {2150859173, 2150859174, 2150859175, 2150859176, 2150859177}

# Whatever these raise is about who we are: no ticket, unknown name, wrong password, clocks apart.
_SIGN_IN_PACKAGES = {"spnego", "krb5", "gssapi"}

_WORDS: dict[FaultCode, tuple[str, str]] = {
    FaultCode.WRONG_CREDENTIALS: (
        "{node} did not accept the user name or password.",
        "Correct the sign-in of this cluster.",
    ),
    FaultCode.UNTRUSTED_CERTIFICATE: (
        "{node} showed a certificate that is not trusted.",
        "Name the right CA file in the profile; there is no way to ignore a certificate.",
    ),
    FaultCode.REFUSED: (
        "{node} refuses the connection: nothing listens at its address.",
        "Look whether the node is on and remoting is enabled.",
    ),
    FaultCode.TIMED_OUT: (
        "{node} does not answer.",
        "The console keeps asking; look at the node if it stays silent.",
    ),
    FaultCode.UNREACHABLE: (
        "{node} could not be reached.",
        "Look at the network and at name resolution.",
    ),
    FaultCode.FORBIDDEN: (
        "{node} does not let this account use the endpoint.",
        "Add the account to a role of the session configuration.",
    ),
    FaultCode.MISSING_FUNCTION: (
        "{node} lacks a function of the console's module.",
        "Install the node module of this console's version.",
    ),
    FaultCode.THROTTLED: (
        "{node} has too many remote shells open.",
        "Close other consoles or raise the quota of shells for one user.",
    ),
    FaultCode.MALFORMED: (
        "{node} sent an answer that could not be read.",
        "If it stays, report it with the technical details.",
    ),
    FaultCode.LOST: (
        "Contact with {node} was lost while it worked.",
        "The console looks what became of it.",
    ),
    FaultCode.SERVER_ERROR: (
        "{node} answered with an error.",
        "The technical details hold the node's own words.",
    ),
}


def node_fault(code: FaultCode, node: str, detail: str = "", at: float | None = None) -> Fault:
    """A fault of one node in the standard words for its code."""
    summary, remedy = _WORDS[code]
    return Fault(
        code,
        summary=summary.format(node=node),
        remedy=remedy,
        kept="What was read before is kept.",
        detail=cut(detail, 600),
        at=at,
    )


def code_of(error: BaseException) -> FaultCode:
    """Which kind of failure an exception of the transport is."""
    if isinstance(error, AuthenticationError):
        return FaultCode.WRONG_CREDENTIALS
    if isinstance(error, requests.exceptions.Timeout):
        return FaultCode.TIMED_OUT
    if isinstance(error, requests.exceptions.ConnectionError):
        return _code_of_connection(error)
    if isinstance(error, WSManFaultError):
        return _code_of_wsman(error)
    if isinstance(error, WinRMTransportError):
        return FaultCode.FORBIDDEN if error.code == 403 else FaultCode.SERVER_ERROR
    if isinstance(error, WinRMError):
        return FaultCode.SERVER_ERROR
    if isinstance(error, ImportError) or type(error).__module__.split(".")[0] in _SIGN_IN_PACKAGES:
        return FaultCode.WRONG_CREDENTIALS
    # A broken XML answer, a fragment that does not fit, a CLIXML type nobody knows.
    return FaultCode.MALFORMED


def _code_of_connection(error: BaseException) -> FaultCode:
    text = str(error).lower()
    # An SSLError too may be a connection that was cut in its handshake: no word on a certificate.
    if "certificate" in text or "verify_failed" in text:
        return FaultCode.UNTRUSTED_CERTIFICATE
    if "refused" in text:
        return FaultCode.REFUSED
    if "timed out" in text:
        return FaultCode.TIMED_OUT
    return FaultCode.UNREACHABLE


def _code_of_wsman(error: WSManFaultError) -> FaultCode:
    if error.code == OPERATION_TIMED_OUT:
        return FaultCode.TIMED_OUT
    if error.code == SHELL_GONE:
        return FaultCode.LOST
    if error.code == _ACCESS_DENIED:
        return FaultCode.FORBIDDEN
    if error.code in _QUOTAS:
        return FaultCode.THROTTLED
    return FaultCode.SERVER_ERROR


def error_of(error: BaseException, node: str, *, was_sent: bool) -> BackendError:
    """The exception as BackendError. Exception texts of the transport hold no password."""
    if isinstance(error, BackendError):
        return error
    detail = f"{type(error).__name__}: {error}"
    return BackendError(node_fault(code_of(error), node, detail), was_sent=was_sent)
