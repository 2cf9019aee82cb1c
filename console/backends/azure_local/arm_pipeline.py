"""One azure-core pipeline to ARM: token policy behind a host allow-list, nothing acting retried."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec
from azure.core import AsyncPipelineClient
from azure.core.exceptions import AzureError, ServiceResponseTimeoutError
from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import (
    AsyncBearerTokenCredentialPolicy,
    AsyncRetryPolicy,
    CustomHookPolicy,
    HeadersPolicy,
    RequestIdPolicy,
    SansIOHTTPPolicy,
    UserAgentPolicy,
)
from azure.core.pipeline.transport import AioHttpTransport
from azure.core.rest import AsyncHttpResponse, HttpRequest

from console.backends import BackendError
from console.backends.azure_local.arm_faults import (
    ForeignHostError,
    error_of,
    fault_of_status,
    malformed,
)
from console.backends.azure_local.connections import ArmConnection
from console.backends.retry_budget import RetryBudget

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 30.0
# A whole answer, headers to last byte; a body that drips slower than this is given up.
WHOLE_ANSWER_S = 60.0
MOST_CONNECTIONS, KEEP_ALIVE_S = 6, 60.0
MOST_BYTES = 64 * 1024 * 1024
MOST_PAGES = 200

# The wire's own libraries would print addresses, headers or whole bodies below WARNING.
for _name in ("azure", "aiohttp", "msal", "urllib3", "requests", "pypsrp", "spnego"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class AllowedHostsPolicy(SansIOHTTPPolicy[Any, Any]):
    """Stands just before the token policy: a foreign URL never meets a token."""

    def __init__(self, connection: ArmConnection) -> None:
        self._connection = connection

    def on_request(self, request: PipelineRequest[Any]) -> None:
        url = request.http_request.url
        if not self._connection.may_see_token(url):
            raise ForeignHostError(urlsplit(url).hostname or "no host")


async def _never_send_again(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """aiohttp itself repeats a PUT or DELETE whose connection broke; what acts is sent once."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        if request.method == "GET":
            raise
        raise aiohttp.ClientError(f"the connection broke: {error}") from error


class OnceTransport(AioHttpTransport):  # type: ignore[misc]  # exported lazily, so untyped
    """azure-core's transport on a session that repeats nothing but GET and keeps connections.

    Left to itself azure-core reads the CA file for every request, and since aiohttp keeps
    connections by their TLS settings, none would be used twice: one context serves all.
    """

    def __init__(
        self, *, ca_file: str, use_env_settings: bool, proxy: str = "", **settings: Any
    ) -> None:
        super().__init__(use_env_settings=use_env_settings, **settings)
        self._proxy = proxy
        self.session: aiohttp.ClientSession | None = self.session
        self._trust_env = use_env_settings
        self._ca_file = ca_file

    async def open(self) -> None:
        if self.session is None:
            # As azure-core makes it, and the guard.
            context = ssl.create_default_context(cafile=self._ca_file or None)
            self.session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    ssl=context, limit=MOST_CONNECTIONS, keepalive_timeout=KEEP_ALIVE_S
                ),
                trust_env=self._trust_env,
                proxy=self._proxy or None,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                middlewares=(_never_send_again,),
            )
        await super().open()


class BudgetedRetryPolicy(AsyncRetryPolicy[Any, Any]):
    """azure-core's, as long as the budget of the whole wire lasts."""

    def __init__(self, budget: RetryBudget, **settings: Any) -> None:
        super().__init__(**settings)
        self._budget = budget

    def increment(
        self, settings: dict[str, Any], response: Any = None, error: Exception | None = None
    ) -> bool:
        if not super().increment(settings, response, error):
            return False
        return self._budget.spend(is_time_out=isinstance(error, ServiceResponseTimeoutError))


class _Page(msgspec.Struct, gc=False):
    value: msgspec.Raw = msgspec.Raw(b"[]")
    nextLink: str | None = None  # noqa: N815 - ARM's word


_PAGE = msgspec.json.Decoder(_Page)


class ArmPipeline:
    """Raw requests to ARM; also lends its policies to Microsoft's clients.

    All methods raise BackendError only.
    """

    def __init__(self, connection: ArmConnection, budget: RetryBudget | None = None) -> None:
        self.connection = connection
        self._budget = budget or RetryBudget()
        self.transport = OnceTransport(
            connection_timeout=CONNECT_TIMEOUT_S,
            read_timeout=READ_TIMEOUT_S,
            ca_file=connection.ca_file,
            # A proxy from the environment must not see loopback traffic.
            use_env_settings=not connection.is_loopback and not connection.proxy,
            proxy=connection.proxy,
        )
        self._client: AsyncPipelineClient[HttpRequest, AsyncHttpResponse] = AsyncPipelineClient(
            connection.url.rstrip("/"), policies=self.policies(), transport=self.transport
        )

    def policies(self) -> list[Any]:
        """Fresh policies for one client. No redirects, no logging, no provider registration."""
        connection = self.connection
        return [
            RequestIdPolicy(),
            HeadersPolicy(),
            UserAgentPolicy(base_user_agent="trusted-launch-console"),
            # Reads may try a broken connection once more; statuses are never retried here, since a
            # server's Retry-After would be slept in full. Acts pass retry_total=0 (decision 12).
            BudgetedRetryPolicy(
                self._budget,
                retry_total=1, retry_connect=1, retry_read=1, retry_status=0,
                retry_backoff_factor=0.1,
            ),
            AllowedHostsPolicy(connection),
            AsyncBearerTokenCredentialPolicy(connection.credential, connection.token_scope),
            CustomHookPolicy(),
        ]  # fmt: skip

    async def request(self, method: str, url: str, what: str, **options: Any) -> AsyncHttpResponse:
        """One answer of any status, body read. ``url`` absolute, or a path on the profile's."""
        if url.startswith("/"):
            url = self.connection.url.rstrip("/") + url
        try:
            async with asyncio.timeout(WHOLE_ANSWER_S):
                response = await self._client.send_request(
                    HttpRequest(method, url, json=options.pop("json", None)),
                    stream=True,
                    **options,
                )
                await _read_capped(response, what)
        except TimeoutError as error:
            late = ServiceResponseTimeoutError("no whole answer in time", error=error)
            raise error_of(late, what) from error
        except AzureError as error:
            raise error_of(error, what) from error
        self._budget.answered()
        return response

    async def get(self, url: str, what: str) -> bytes:
        """Body of a 200; any other status raises its fault."""
        response = await self.request("GET", url, what)
        if response.status_code != 200:
            raise BackendError(fault_of_status(response.status_code, response.content, what))
        return response.content

    async def post_query(self, url: str, body: object, what: str) -> bytes:
        """A POST that only asks (Resource Graph)."""
        response = await self.request("POST", url, what, json=body)
        if response.status_code != 200:
            raise BackendError(fault_of_status(response.status_code, response.content, what))
        return response.content

    async def pages(self, url: str, what: str) -> AsyncIterator[msgspec.Raw]:
        """The raw ``value`` array of every page; nextLink loops and endless lists are cut."""
        seen: set[str] = set()
        following: str | None = url
        while following:
            if following in seen or len(seen) >= MOST_PAGES:
                raise BackendError(malformed(what, "nextLink does not end"))
            seen.add(following)
            body = await self.get(following, what)
            try:
                page = _PAGE.decode(body)
            except (msgspec.MsgspecError, RecursionError, ValueError) as error:
                raise BackendError(malformed(what, str(error))) from error
            yield page.value
            following = page.nextLink

    async def close(self, *, keep_credential: bool = False) -> None:
        """A credential that others use too is left to them."""
        await self._client.close()
        if not keep_credential:
            await self.connection.credential.close()


async def _read_capped(response: AsyncHttpResponse, what: str) -> None:
    length = response.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > MOST_BYTES:
        await response.close()
        raise BackendError(malformed(what, f"answer of {length} bytes"))
    await response.read()
