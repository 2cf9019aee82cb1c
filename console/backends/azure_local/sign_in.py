"""Tokens of the person who is signed in with the Azure CLI, for clusters that are real."""

import asyncio
import datetime
import shutil
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import msgspec
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from console.backends.azure_local.connections import is_loopback
from console.model.freshness import cut

LONGEST_WAIT_S = 30.0


class _CliToken(msgspec.Struct, gc=False, rename="camel"):
    access_token: str
    expires_on: str = ""  # local time without zone, of older versions too
    expires_on_unix: int | str | None = msgspec.field(default=None, name="expires_on")


_TOKEN = msgspec.json.Decoder(_CliToken)


class AzureCliToken:
    """Asks ``az account get-access-token``. The console never sees or keeps a password.

    Raises ClientAuthenticationError, which the wire tells as WRONG_CREDENTIALS. azure-core keeps
    the token until it is about to expire.
    """

    def __init__(self, tenant_id: str = "", program: str = "az") -> None:
        self._tenant_id = tenant_id
        self._program = program

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **kwargs: Any,
    ) -> AccessToken:
        if any(is_loopback(urlsplit(scope).hostname or "") for scope in scopes):
            raise ClientAuthenticationError("A real sign-in is never shown to a local address.")
        # The whole path: on Windows az is a .cmd that only the full name starts without a shell.
        path = shutil.which(self._program)
        if path is None:
            raise ClientAuthenticationError("The Azure CLI (az) was not found on this machine.")
        arguments = ["account", "get-access-token", "--output", "json", "--scope", *scopes]
        tenant = tenant_id or self._tenant_id
        if tenant:
            arguments += ["--tenant", tenant]
        try:
            answer = _TOKEN.decode(await _output(path, arguments))
        except (msgspec.MsgspecError, ValueError) as error:
            raise ClientAuthenticationError("The Azure CLI's answer was not a token.") from error
        return AccessToken(answer.access_token, _expiry(answer))

    async def close(self) -> None:
        return None

    async def __aenter__(self) -> "AzureCliToken":
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        return None


async def _output(path: str, arguments: list[str]) -> bytes:
    process = await asyncio.create_subprocess_exec(
        path,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, complaint = await asyncio.wait_for(process.communicate(), LONGEST_WAIT_S)
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise ClientAuthenticationError("The Azure CLI did not answer in time.") from error
    if process.returncode:
        # Its complaint goes to stderr and holds no token.
        text = complaint.decode(errors="replace").strip().splitlines()
        said = cut(text[0], 300) if text else f"exit code {process.returncode}"
        raise ClientAuthenticationError(f"The Azure CLI has no sign-in for this: {said}")
    return out


def _expiry(answer: _CliToken) -> int:
    """Seconds since 1970. Older versions of the CLI tell local time only."""
    if answer.expires_on_unix is not None:
        return int(answer.expires_on_unix)
    local = datetime.datetime.fromisoformat(answer.expires_on)
    return int(local.timestamp())
