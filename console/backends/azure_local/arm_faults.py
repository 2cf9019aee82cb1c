"""What went wrong on the ARM wire, in words: exceptions and answers turned into faults."""

import ssl
from collections.abc import Iterator

import aiohttp
import msgspec
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseTimeoutError,
)

from console.backends import BackendError
from console.model.freshness import Fault, FaultCode, cut

_BY_STATUS = {
    400: FaultCode.REJECTED,
    401: FaultCode.WRONG_CREDENTIALS,
    403: FaultCode.FORBIDDEN,
    404: FaultCode.NOT_FOUND,
    409: FaultCode.CONFLICT,
    412: FaultCode.CONFLICT,
    422: FaultCode.REJECTED,
    429: FaultCode.THROTTLED,
}
_REMEDIES = {
    FaultCode.WRONG_CREDENTIALS: "Sign in again.",
    FaultCode.SIGN_IN_REQUIRED: "Sign in again; operations wait for it and nothing is lost.",
    FaultCode.FORBIDDEN: "Ask for the role that this needs; the details name the right.",
    FaultCode.THROTTLED: "The console waits and asks less often; nothing to do.",
    FaultCode.SERVER_ERROR: "Azure has trouble of its own; the console keeps asking.",
    FaultCode.TIMED_OUT: "Look at the network between here and Azure.",
    FaultCode.REFUSED: "Look whether the address in the profile is right and the service runs.",
    FaultCode.UNREACHABLE: "Look at the network, the proxy and name resolution.",
    FaultCode.UNTRUSTED_CERTIFICATE: (
        "Name the right CA file in the profile; there is no way to ignore a certificate."
    ),
}


class _ErrorDetail(msgspec.Struct, gc=False):
    code: str = ""
    message: str = ""


class _ErrorBody(msgspec.Struct, gc=False):
    error: _ErrorDetail | None = None


_ERROR_BODY = msgspec.json.Decoder(_ErrorBody)


class ForeignHostError(AzureError):
    """Raised before a token would go to a host outside the profile's allow-list."""


class SignInRequiredError(ClientAuthenticationError):
    """Only a person can go on: the kept sign-in does not do any more."""


def foreign_host(host: str) -> Fault:
    return Fault(
        FaultCode.FOREIGN_HOST,
        summary=f"Azure's answer pointed to another host ({cut(host, 120)}); it was not asked.",
        kept="No token was sent there.",
        remedy="If that host is yours, add it to the profile's allowed hosts.",
    )


def error_words(body: bytes) -> tuple[str, str]:
    """ARM's ``error.code`` and ``error.message`` of an error body, empty where there are none."""
    try:
        error = _ERROR_BODY.decode(body).error
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return "", ""
    return (cut(error.code, 200), cut(error.message, 2000)) if error is not None else ("", "")


def fault_of_status(status: int, body: bytes, what: str) -> Fault:
    """An answer of 300 and above, told as ``what`` (for example "List images") failed."""
    code = _BY_STATUS.get(status)
    if code is None:
        code = FaultCode.SERVER_ERROR if status >= 500 else FaultCode.REJECTED
    word, message = error_words(body)
    return Fault(
        code,
        summary=f"{what}: {message or _plain(code)}",
        remedy=_REMEDIES.get(code, ""),
        detail=f"HTTP {status} {word}".strip(),
    )


def malformed(what: str, detail: str = "", *, is_partial: bool = False) -> Fault:
    return Fault(
        FaultCode.MALFORMED,
        summary=f"{what}: the answer could not be read.",
        kept="What was read before is kept.",
        remedy="If it stays, report it with the technical details.",
        detail=cut(detail, 400),
        is_partial=is_partial,
    )


def error_of(error: BaseException, what: str, *, is_act: bool = False) -> BackendError:
    """An exception of azure-core as BackendError.

    ``was_sent`` is False only where nothing can have landed: the connection was never made, or the
    server said that it refused.
    """
    if isinstance(error, BackendError):
        return error
    if isinstance(error, ForeignHostError):
        return BackendError(foreign_host(str(error)))
    if isinstance(error, HttpResponseError) and error.response is not None:
        status = error.status_code or 0
        fault = fault_of_status(status, _body_of(error), what)
        # A 5xx may come after the work was done (reliability.md row 11).
        return BackendError(fault, was_sent=status >= 500)
    if isinstance(error, SignInRequiredError):
        return BackendError(_fault(FaultCode.SIGN_IN_REQUIRED, what, error))
    if isinstance(error, ClientAuthenticationError):
        return BackendError(_fault(FaultCode.WRONG_CREDENTIALS, what, error))
    refused = next((c for c in _causes(error) if isinstance(c, aiohttp.ClientHttpProxyError)), None)
    if refused is not None:
        return BackendError(_proxy_refused(what, refused.status))
    if isinstance(error, ServiceRequestTimeoutError):
        return BackendError(_fault(FaultCode.TIMED_OUT, what, error))
    if isinstance(error, ServiceRequestError) and _was_never_connected(error):
        return BackendError(_fault(_code_of_connect(error), what, error))
    if isinstance(error, ServiceResponseTimeoutError):
        return BackendError(_fault(FaultCode.TIMED_OUT, what, error), was_sent=True)
    # azure-core calls a connection that broke after sending a *request* error too.
    code = FaultCode.LOST if is_act else FaultCode.UNREACHABLE
    return BackendError(_fault(code, what, error), was_sent=True)


def _proxy_refused(what: str, status: int) -> Fault:
    # In words of our own: aiohttp's tell the proxy's address with its user and password.
    asks = "asks for a user and a password, or does not take them" if status == 407 else "refused"
    return Fault(
        FaultCode.UNREACHABLE,
        summary=f"{what}: the proxy {asks}.",
        remedy="Correct the proxy, its user and its password in the connection.",
        kept="Nothing reached Azure; what was read before is kept.",
        detail=f"HTTP {status} from the proxy",
    )


def _was_never_connected(error: BaseException) -> bool:
    never = (aiohttp.ClientConnectorError, aiohttp.InvalidURL)
    return any(isinstance(cause, never) for cause in _causes(error))


def _fault(code: FaultCode, what: str, error: BaseException) -> Fault:
    return Fault(
        code,
        summary=f"{what}: {_plain(code)}",
        remedy=_REMEDIES.get(code, ""),
        kept="What was read before is kept.",
        # Exception texts of the transport name hosts and reasons, never headers.
        detail=cut(f"{type(error).__name__}: {error}", 400),
    )


def _plain(code: FaultCode) -> str:
    return {
        FaultCode.WRONG_CREDENTIALS: "Azure did not accept the sign-in.",
        FaultCode.SIGN_IN_REQUIRED: "Azure asks for a new sign-in.",
        FaultCode.FORBIDDEN: "this account lacks the right.",
        FaultCode.NOT_FOUND: "Azure does not know it.",
        FaultCode.CONFLICT: "something else holds it at the moment.",
        FaultCode.THROTTLED: "Azure asks for fewer requests.",
        FaultCode.SERVER_ERROR: "Azure answered with an error of its own.",
        FaultCode.REJECTED: "Azure refused the request.",
        FaultCode.TIMED_OUT: "Azure did not answer in time.",
        FaultCode.REFUSED: "nothing listens at Azure's address.",
        FaultCode.UNREACHABLE: "Azure could not be reached.",
        FaultCode.UNTRUSTED_CERTIFICATE: "the server's certificate is not trusted.",
        FaultCode.LOST: "contact was lost while the answer was awaited.",
    }.get(code, "it failed.")


def _code_of_connect(error: BaseException) -> FaultCode:
    for cause in _causes(error):
        # Any other error of TLS may be a connection that was cut in its handshake.
        if isinstance(
            cause, aiohttp.ClientConnectorCertificateError | ssl.SSLCertVerificationError
        ):
            return FaultCode.UNTRUSTED_CERTIFICATE
        if isinstance(cause, ConnectionRefusedError):
            return FaultCode.REFUSED
        if isinstance(cause, aiohttp.ClientConnectorError) and isinstance(
            cause.os_error, ConnectionRefusedError
        ):
            return FaultCode.REFUSED
        if isinstance(cause, TimeoutError):
            return FaultCode.TIMED_OUT
    return FaultCode.UNREACHABLE


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    for _ in range(8):
        if seen is None:
            return
        yield seen
        inner = getattr(seen, "inner_exception", None)
        following = inner if isinstance(inner, BaseException) else None
        seen = following or seen.__cause__ or seen.__context__


def _body_of(error: HttpResponseError) -> bytes:
    # An answer that was cut while it was read has no body.
    try:
        content = error.response.content if error.response is not None else b""  # type: ignore[attr-defined]
    except Exception:
        return b""
    return content if isinstance(content, bytes) else b""
