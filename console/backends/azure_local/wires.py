"""Connections before they are open: sign-ins held for the process's life, tests, discovery."""

import asyncio
from collections.abc import Callable, Mapping

import msgspec
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError

from console.backends import BackendError
from console.backends.azure_local import cloud_discovery
from console.backends.azure_local.arm_faults import error_of
from console.backends.azure_local.arm_pipeline import ArmPipeline
from console.backends.azure_local.azure_test import read_subscriptions, read_tenants, test_azure
from console.backends.azure_local.cluster_test import test_cluster
from console.backends.azure_local.connections import (
    ArmConnection,
    ClusterConnection,
    StaticToken,
    proxy_of,
)
from console.backends.azure_local.sign_in import AzureCliToken
from console.catalog import clouds
from console.model.connection import (
    INTERACTIVE,
    ArmEndpoint,
    AzureAccount,
    ClusterEndpoint,
    ConnectionProfile,
    SignInMethod,
    TestStep,
)
from console.model.freshness import Fault, FaultCode

Tell = Callable[[TestStep], None]
Prompt = Callable[[str, str, str], None]
_WHAT = "Sign in to Azure"


class SignIns:
    """``on_wanted(reason)`` is called, in any thread, when the open connection needs a person."""

    def __init__(self, on_wanted: Callable[[str], None]) -> None:
        self._on_wanted = on_wanted
        self._made: dict[bytes, AsyncTokenCredential] = {}

    # -- what an open connection needs ---------------------------------------------------------
    def arm_connection(self, arm: ArmEndpoint, secrets: Mapping[str, str]) -> ArmConnection:
        """Raises BackendError where the profile's sign-in cannot be used at all."""
        arm = settled(arm)
        return ArmConnection(
            url=arm.url,
            credential=self.credential(arm, secrets),
            subscription_ids=arm.subscription_ids,
            ca_file=arm.ca_file,
            allowed_hosts=arm.allowed_hosts,
            scope=arm.scope,
            proxy=proxy_of(arm, secrets),
        )

    def credential(self, arm: ArmEndpoint, secrets: Mapping[str, str]) -> AsyncTokenCredential:
        """The same object for the same sign-in, so that a person is asked once a session."""
        sign_in = arm.sign_in
        if sign_in.method is SignInMethod.NONE:
            if not secrets.get("arm_token"):
                raise BackendError(_nobody())
            return StaticToken(secrets["arm_token"])
        key = _key(arm)
        if key not in self._made:
            try:
                self._made[key] = self._make(arm, secrets)
            except (AzureError, ValueError, OSError) as error:
                raise BackendError(_unusable(error)) from error
        return self._made[key]

    def _make(self, arm: ArmEndpoint, secrets: Mapping[str, str]) -> AsyncTokenCredential:
        if not arm.authority:
            raise ValueError("the endpoint was not looked up yet: edit the profile and look it up.")
        if arm.sign_in.method is SignInMethod.AZURE_CLI:
            return AzureCliToken(arm.sign_in.tenant_id)
        from console.backends.azure_local.identity import IdentityToken
        from console.backends.azure_local.token_cache import TokenCache

        return IdentityToken(arm, secrets, TokenCache(arm), self._on_wanted)

    # -- chores --------------------------------------------------------------------------------
    async def test(
        self, profile: ConnectionProfile, secrets: Mapping[str, str], tell: Tell
    ) -> None:
        """Both halves at once; each tells its steps in order."""
        halves = []
        if profile.azure is not None:
            arm = settled(profile.azure)
            halves.append(
                test_azure(
                    lambda: self.arm_connection(arm, secrets),
                    arm.url,
                    arm.ca_file,
                    tell,
                    proxy_of(arm, secrets),
                )
            )
        if profile.cluster is not None:
            halves.append(test_cluster(cluster_connection(profile.cluster, secrets), tell))
        await asyncio.gather(*halves)

    async def sign_in(
        self, arm: ArmEndpoint, secrets: Mapping[str, str], prompt: Prompt, *, is_silent: bool
    ) -> AzureAccount:
        """Sign in and tell what the account sees. Raises BackendError."""
        arm = settled(arm)
        credential = self.credential(arm, secrets)
        record, keeping, is_kept = arm.sign_in.account_record, "", False
        if arm.sign_in.method in INTERACTIVE or arm.sign_in.method is SignInMethod.CERTIFICATE:
            from console.backends.azure_local.identity import IdentityToken

            assert isinstance(credential, IdentityToken)
            keeping, is_kept = credential.cache.words, not credential.cache.why_not
            if arm.sign_in.method in INTERACTIVE and not is_silent:
                if arm.sign_in.method is not SignInMethod.DEVICE_CODE:
                    prompt("Finish the sign-in in the browser that opened.", "", "")
                try:
                    record = await credential.authenticate(prompt)
                except (ClientAuthenticationError, ValueError) as error:
                    raise BackendError(_refused(error)) from error
        pipeline = ArmPipeline(self.arm_connection(arm, secrets))
        try:
            subscriptions = await read_subscriptions(pipeline)
            tenants = await read_tenants(pipeline)
        finally:
            await pipeline.close(keep_credential=True)
        name = _account_name(record)
        return AzureAccount(name, record, is_kept, keeping, tenants, subscriptions)

    async def sign_out(self, arm: ArmEndpoint) -> tuple[str, bool]:
        """What was removed, in words, and whether that is all of it."""
        arm = settled(arm)
        if arm.sign_in.method is SignInMethod.AZURE_CLI:
            return "The Azure CLI holds this sign-in; 'az logout' ends it.", False
        if arm.sign_in.method not in (*INTERACTIVE, SignInMethod.CERTIFICATE):
            return "This way to sign in keeps nothing that could be removed.", True
        from console.backends.azure_local.identity import IdentityToken

        credential = self.credential(arm, {})
        assert isinstance(credential, IdentityToken)
        is_done = await credential.sign_out()
        self._made.pop(_key(arm), None)
        if is_done:
            return "Signed out: the tokens were removed from this computer.", True
        return (
            "Whether every token was removed could not be established. Revoke the sign-in at "
            "Microsoft's My Sign-ins page to be sure.",
            False,
        )

    async def discover(self, url: str, ca_file: str, proxy: str = "") -> tuple[ArmEndpoint, str]:
        """A custom cloud by its own word. Raises BackendError."""
        found, name, tenant = await cloud_discovery.discover(url, ca_file, proxy)
        sign_in = msgspec.structs.replace(found.sign_in, tenant_id=tenant)
        return msgspec.structs.replace(found, sign_in=sign_in), name


def settled(arm: ArmEndpoint) -> ArmEndpoint:
    """With the addresses of its cloud, which no profile can say otherwise."""
    for cloud in clouds():
        if cloud.id == arm.cloud:
            return msgspec.structs.replace(
                arm, url=cloud.arm, scope=cloud.scope, authority=cloud.authority, allowed_hosts=()
            )
    return arm


def cluster_connection(endpoint: ClusterEndpoint, secrets: Mapping[str, str]) -> ClusterConnection:
    return ClusterConnection(
        nodes=endpoint.nodes,
        username=endpoint.username,
        password=secrets.get("cluster_password", ""),
        auth=endpoint.auth,
        use_tls=endpoint.use_tls,
        ca_file=endpoint.ca_file,
        configuration_name=endpoint.configuration_name,
    )


def _key(arm: ArmEndpoint) -> bytes:
    sign_in = msgspec.structs.replace(arm.sign_in, account="", account_record="")
    return msgspec.json.encode(
        (arm.url, arm.authority, arm.scope, arm.ca_file, arm.proxy, arm.proxy_user, sign_in)
    )


def _account_name(record: str) -> str:
    if not record:
        return ""
    return str(msgspec.json.decode(record).get("username", ""))


def _nobody() -> Fault:
    return Fault(
        FaultCode.WRONG_CREDENTIALS,
        "Nobody is signed in to Azure.",
        remedy="Sign in, then open the connection again.",
    )


def _unusable(error: Exception) -> Fault:
    fault = error_of(ClientAuthenticationError(str(error)), _WHAT).fault
    return msgspec.structs.replace(fault, summary=f"{_WHAT}: {str(error)[:300]}")


def _refused(error: Exception) -> Fault:
    fault = error_of(ClientAuthenticationError(str(error)), _WHAT).fault
    first = (str(error).strip().splitlines() or ["it was refused."])[0]
    return msgspec.structs.replace(fault, summary=f"{_WHAT}: {first[:300]}")
