"""What both wires are told at the start: addresses, credentials, and who may see a token."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from azure.core.credentials import AccessToken
from azure.core.credentials_async import AsyncTokenCredential

from console.model.connection import ArmEndpoint

# The version that carries hostNodeName, pause and save; 2024-01-01 is the newest stable one and
# lacks them (arm.md 0.1): the console then works with Azure's half poorer.
VM_API_VERSION = "2025-06-01-preview"
STABLE_VM_API_VERSION = "2024-01-01"

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Clock(Protocol):
    """Seconds since 1970, UTC."""

    def now(self) -> float: ...


class StaticToken:
    """A bearer token that was given, not fetched: the lab's, or one pasted for a test."""

    def __init__(self, token: str, expires_on: int = 4102444800) -> None:
        self._token = AccessToken(token, expires_on)

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **kwargs: Any,
    ) -> AccessToken:
        return self._token

    async def close(self) -> None:
        return None

    async def __aenter__(self) -> "StaticToken":
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        return None


@dataclass(frozen=True)
class ArmConnection:
    """``allowed_hosts`` are ``host`` or ``host:port`` besides the URL's own; only they get a token.

    ``ca_file`` empty means the system's store. ``subscription_ids`` empty means all that the
    credential can list.
    """

    url: str
    credential: AsyncTokenCredential = field(repr=False)
    subscription_ids: tuple[str, ...] = ()
    ca_file: str = ""
    allowed_hosts: tuple[str, ...] = ()
    vm_api_version: str = VM_API_VERSION
    scope: str = ""  # token scope; empty: the URL's own
    # http://host:port, with user and password where it asks for them; empty: the environment's.
    proxy: str = field(default="", repr=False)

    @property
    def is_loopback(self) -> bool:
        return is_loopback(urlsplit(self.url).hostname or "")

    @property
    def token_scope(self) -> str:
        return self.scope or self.url.rstrip("/") + "/.default"

    def may_see_token(self, url: str) -> bool:
        """True only for https on the profile's own host and port, or one it allows."""
        parts, own = urlsplit(url), urlsplit(self.url)
        if parts.scheme != "https" or not parts.hostname or parts.username is not None:
            return False
        allowed = {_host_and_port(own.hostname or "", own.port)}
        for entry in self.allowed_hosts:
            entry_parts = urlsplit(f"//{entry}")
            allowed.add(_host_and_port(entry_parts.hostname or "", entry_parts.port))
        return _host_and_port(parts.hostname, parts.port) in allowed


@dataclass(frozen=True)
class ClusterConnection:
    """``nodes`` maps a node's name to ``host`` or ``host:port``; they are asked in this order.

    An empty user name means the signed-in user's ticket (Windows). ``auth`` is ``negotiate``,
    ``kerberos`` or, for the lab only, ``basic``.
    """

    nodes: Mapping[str, str]
    username: str = ""
    password: str = field(default="", repr=False)
    auth: str = "negotiate"
    use_tls: bool = True
    ca_file: str = ""
    configuration_name: str = "Microsoft.PowerShell"


def proxy_of(arm: ArmEndpoint, secrets: Mapping[str, str]) -> str:
    """The profile's proxy, else the system's that the window found; with who signs in there."""
    if not arm.proxy:
        return secrets.get("system_proxy", "")
    if not arm.proxy_user:
        return arm.proxy
    who = f"{quote(arm.proxy_user, safe='')}:{quote(secrets.get('proxy_password', ''), safe='')}"
    return arm.proxy.replace("http://", f"http://{who}@", 1)


def is_loopback(host: str) -> bool:
    return host.lower() in _LOOPBACK or host.startswith("127.")


def _host_and_port(host: str, port: int | None) -> tuple[str, int]:
    return host.lower(), port or 443
