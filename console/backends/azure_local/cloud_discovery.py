"""What a custom ARM endpoint tells of itself at /metadata/endpoints: audience and sign-in.

For disconnected operations and other private clouds. No token is sent; the host that is asked is
the only one that may later see one, whatever its answer says.
"""

import ssl
from urllib.parse import urlsplit

import aiohttp
import msgspec
from azure.core.exceptions import ServiceRequestError

from console.backends import BackendError
from console.backends.azure_local.arm_faults import error_of, fault_of_status
from console.backends.azure_local.connections import is_loopback
from console.model.connection import ArmEndpoint
from console.model.freshness import Fault, FaultCode, cut

# The form that answers with one object (arm.md 5).
_PATH = "/metadata/endpoints?api-version=2022-09-01"
_TIMEOUT_S, _MOST_BYTES = 15.0, 256 * 1024


class _Authentication(msgspec.Struct, rename="camel"):
    login_endpoint: str
    audiences: tuple[str, ...]
    tenant: str = ""


class _Endpoints(msgspec.Struct, rename="camel"):
    authentication: _Authentication
    resource_manager: str = ""
    name: str = ""


_ENDPOINTS = msgspec.json.Decoder(_Endpoints)


async def discover(url: str, ca_file: str, proxy: str = "") -> tuple[ArmEndpoint, str, str]:
    """The endpoint, the cloud's own name and its tenant. Raises BackendError."""
    url = url.strip().rstrip("/")
    if "://" not in url:
        url = f"https://{url}"
    asked = urlsplit(url)
    if asked.scheme != "https" or not asked.hostname:
        raise BackendError(_fault("The address has to begin with https://."))
    body = await _read(url, ca_file, proxy)
    try:
        told = _ENDPOINTS.decode(body)
    except (msgspec.MsgspecError, ValueError) as error:
        raise BackendError(
            _fault("What it answers is not a list of a cloud's endpoints.", str(error))
        ) from error
    manager = (told.resource_manager or url).rstrip("/")
    if urlsplit(manager).netloc.lower() != asked.netloc.lower():
        raise BackendError(
            _fault(
                f"It sends us to another address ({cut(manager, 120)}). Name that one instead, "
                "if you trust it."
            )
        )
    login = told.authentication.login_endpoint.rstrip("/")
    audience = next(iter(told.authentication.audiences), "")
    if urlsplit(login).scheme != "https" or urlsplit(audience).scheme != "https":
        raise BackendError(_fault("It names no https address to sign in at."))
    endpoint = ArmEndpoint(
        url=manager,
        ca_file=ca_file,
        allowed_hosts=(asked.netloc,),
        cloud="custom",
        authority=login,
        # An audience that ends in "/" wants the doubled slash (arm.md 7).
        scope=f"{audience}/.default",
    )
    return endpoint, cut(told.name, 80), cut(told.authentication.tenant, 253)


async def _read(url: str, ca_file: str, proxy: str) -> bytes:
    """The body of a 200, without any token and without following anybody elsewhere."""
    what = "Read the cloud's endpoints"
    host = urlsplit(url).hostname or ""
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
        async with (
            aiohttp.ClientSession(
                trust_env=not is_loopback(host) and not proxy,
                proxy=proxy or None,
                timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S),
                cookie_jar=aiohttp.DummyCookieJar(),
            ) as session,
            session.get(url + _PATH, ssl=context, allow_redirects=False) as response,
        ):
            body = await response.content.read(_MOST_BYTES)
            status = response.status
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        wrapped = ServiceRequestError("not answered", error=error)
        raise error_of(wrapped, what) from error
    if status != 200:
        raise BackendError(fault_of_status(status, body, what))
    return body


def _fault(text: str, detail: str = "") -> Fault:
    return Fault(
        FaultCode.REJECTED,
        text,
        remedy="Look at the address; it is the one of the cloud's Resource Manager.",
        kept="No token was sent.",
        detail=cut(detail, 300),
    )
