"""Sign-in to Azure: azure-identity's credentials, chosen by the profile, one object each.

Imported only where a profile asks for it: azure-identity costs 0.4 s and 34 MB.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from console.backends.azure_local.arm_faults import SignInRequiredError
from console.backends.azure_local.connections import is_loopback, proxy_of
from console.backends.azure_local.token_cache import TokenCache
from console.model.connection import INTERACTIVE, ArmEndpoint, SignIn, SignInMethod
from console.model.freshness import cut

# A person has to find a phone, too.
PERSON_S = 300
logging.getLogger("azure.identity").setLevel(logging.CRITICAL)

Prompt = Callable[[str, str, str], None]
Wanted = Callable[[str], None]


class IdentityToken:
    """A credential of azure-identity for the console's pipeline.

    azure-identity has interactive credentials in synchronous form only, so each call runs in a
    thread. Nobody is asked behind their back: where a person is needed ``get_token`` raises
    SignInRequiredError after telling ``on_wanted``; ``authenticate`` is the only way that asks.
    Tokens are asked for the endpoint's own audience and for no other.
    """

    def __init__(
        self,
        arm: ArmEndpoint,
        secrets: Mapping[str, str],
        cache: TokenCache,
        on_wanted: Wanted = lambda _reason: None,
    ) -> None:
        self._arm = arm
        self.scope = arm.scope or arm.url.rstrip("/") + "/.default"
        self.cache = cache
        self._on_wanted = on_wanted
        self._claims: str | None = None
        self.prompt: Prompt = lambda *_: None
        self._inner = _make(arm, secrets, cache, self._device_code)
        self._turn = asyncio.Lock()

    @property
    def needs_a_person(self) -> bool:
        return self._arm.sign_in.method in INTERACTIVE

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **kwargs: Any,
    ) -> AccessToken:
        if scopes != (self.scope,):
            raise ClientAuthenticationError("A token was asked for another audience; none is got.")
        async with self._turn:
            return await asyncio.to_thread(self._get, claims, enable_cae)

    def _get(self, claims: str | None, enable_cae: bool) -> AccessToken:
        from azure.identity import AuthenticationRequiredError, CredentialUnavailableError

        options: dict[str, Any] = {"enable_cae": enable_cae}
        if claims:
            options["claims"] = claims
        try:
            token: AccessToken = self._inner.get_token(self.scope, **options)
        except AuthenticationRequiredError as error:
            self._claims = error.claims
            reason = "Azure asks for a new sign-in" + (" (a policy changed)." if claims else ".")
            self._on_wanted(reason)
            raise SignInRequiredError(reason) from error
        except CredentialUnavailableError as error:
            raise ClientAuthenticationError(cut(str(error), 300)) from error
        except ValueError as error:
            # The token store of the OS does not work: told, never replaced by a plain file.
            raise ClientAuthenticationError(cut(str(error), 300)) from error
        return token

    async def authenticate(self, prompt: Prompt) -> str:
        """Have the person sign in; the account record as text (no token). Raises
        ClientAuthenticationError.
        """
        self.prompt = prompt
        claims, self._claims = self._claims, None
        async with self._turn:
            record = await asyncio.to_thread(
                self._inner.authenticate, scopes=[self.scope], claims=claims
            )
        return str(record.serialize()) if record is not None else ""

    def _device_code(self, url: str, code: str, _expires: object) -> None:
        self.prompt("Open the page on any device and enter the code.", url, code)

    async def sign_out(self) -> bool:
        """Remove every token of this credential from memory and store; False if one stayed."""
        return await asyncio.to_thread(self.cache.clear, self._inner)

    async def close(self) -> None:
        await asyncio.to_thread(self._inner.close)

    async def __aenter__(self) -> "IdentityToken":
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()


def common_options(arm: ArmEndpoint, proxy: str = "") -> dict[str, Any]:
    """Where the sign-in is, who is believed there, and through which proxy."""
    authority = arm.authority.rstrip("/")
    is_adfs = authority.lower().endswith("/adfs")
    options: dict[str, Any] = {
        "authority": authority.removesuffix("/adfs") if is_adfs else authority,
        # A custom cloud's sign-in is known to nobody but itself.
        "disable_instance_discovery": arm.cloud == "custom",
    }
    if arm.sign_in.tenant_id or is_adfs:
        options["tenant_id"] = "adfs" if is_adfs else arm.sign_in.tenant_id
    if arm.ca_file:
        options["connection_verify"] = arm.ca_file
    if is_loopback(urlsplit(authority).hostname or ""):
        options["use_env_settings"] = False  # no proxy of the environment sees loopback
    if proxy:
        options["proxies"] = {"https": proxy, "http": proxy}
        options["use_env_settings"] = False
    return options


def _make(
    arm: ArmEndpoint,
    secrets: Mapping[str, str],
    cache: TokenCache,
    on_code: Callable[[str, str, object], None],
) -> Any:
    _refuse_stray_loopback(arm)
    sign_in = arm.sign_in
    options = common_options(arm, proxy_of(arm, secrets))
    if sign_in.method in (*INTERACTIVE, SignInMethod.CERTIFICATE):
        options["cache_persistence_options"] = cache.options
    if sign_in.method in INTERACTIVE:
        return _interactive(sign_in, options, on_code)
    import azure.identity as identity

    match sign_in.method:
        case SignInMethod.CERTIFICATE:
            return identity.CertificateCredential(
                client_id=sign_in.client_id,
                certificate_path=sign_in.certificate_file,
                password=secrets.get("certificate_password") or None,
                **options,
            )
        case SignInMethod.MANAGED_IDENTITY:
            return identity.ManagedIdentityCredential(client_id=sign_in.client_id or None)
        case SignInMethod.WORKLOAD_IDENTITY:
            client = {"client_id": sign_in.client_id} if sign_in.client_id else {}
            missing = [
                name
                for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE")
                if not os.environ.get(name)
                and not (name == "AZURE_TENANT_ID" and sign_in.tenant_id)
                and not (name == "AZURE_CLIENT_ID" and sign_in.client_id)
            ]
            if missing:
                raise ClientAuthenticationError(
                    f"This computer has no workload identity: {', '.join(missing)} is not set."
                )
            return identity.WorkloadIdentityCredential(**client, **options)
        case _:
            raise ClientAuthenticationError("The profile does not say how to sign in to Azure.")


def _interactive(
    sign_in: SignIn, options: dict[str, Any], on_code: Callable[[str, str, object], None]
) -> Any:
    import azure.identity as identity

    options["disable_automatic_authentication"] = True
    if sign_in.client_id:
        options["client_id"] = sign_in.client_id
    if sign_in.account_record:
        options["authentication_record"] = identity.AuthenticationRecord.deserialize(
            sign_in.account_record
        )
        # The record knows both, and azure-identity does not take them twice.
        options.pop("authority")
        options.pop("client_id", None)
    if sign_in.method is SignInMethod.BROWSER:
        return identity.InteractiveBrowserCredential(timeout=PERSON_S, **options)
    if sign_in.method is SignInMethod.DEVICE_CODE:
        return identity.DeviceCodeCredential(prompt_callback=on_code, timeout=PERSON_S, **options)
    try:
        from azure.identity.broker import InteractiveBrowserBrokerCredential
    except ImportError as error:
        raise ClientAuthenticationError(
            "The operating system's sign-in needs the package azure-identity-broker "
            "(pip install 'trusted-launch-console[broker]')."
        ) from error
    return InteractiveBrowserBrokerCredential(parent_window_handle=0, **options)


def _refuse_stray_loopback(arm: ArmEndpoint) -> None:
    """A real sign-in is never shown to a local address: only one whose sign-in is local too."""
    arm_is_local = is_loopback(urlsplit(arm.url).hostname or "")
    authority_is_local = is_loopback(urlsplit(arm.authority).hostname or "")
    if arm_is_local and not authority_is_local:
        raise ClientAuthenticationError("A real sign-in is never shown to a local address.")
