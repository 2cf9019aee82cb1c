"""azure-identity itself against the lab's identity provider: each flow, over TLS."""

import asyncio
import datetime
import html
import os
import re
import sys
import threading
import urllib.parse
import urllib.request
import webbrowser
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from console.backends import BackendError
from console.backends.azure_local.arm_pipeline import ArmPipeline
from console.backends.azure_local.azure_test import read_subscriptions
from console.backends.azure_local.identity import IdentityToken
from console.backends.azure_local.wires import SignIns
from console.lab.arm_server.exchange import Request, Response
from console.lab.arm_server.identity_provider import USER
from console.model.connection import ArmEndpoint, SignIn, SignInMethod
from console.model.freshness import FaultCode
from tests.contract.conftest import Servers

CLIENT = "11111111-0000-4000-8000-000000000001"
replace = msgspec.structs.replace


class Azure:
    """The lab as a custom cloud, its sign-ins, and everything its server saw."""

    def __init__(self, servers: Servers) -> None:
        self.servers = servers
        self.wanted: list[str] = []
        self.sign_ins = SignIns(self.wanted.append)
        self.seen: list[tuple[Request, Response]] = []
        servers.arm.watch(lambda *exchange: self.seen.append(exchange))
        self.provider = servers.arm.identity

    def arm(self, method: SignInMethod, **changes: Any) -> ArmEndpoint:
        url = f"https://127.0.0.1:{self.servers.arm.port}"
        sign_in = SignIn(method, tenant_id=self.servers.site.settings.tenant_id, **changes)
        return ArmEndpoint(
            url, ca_file=str(self.servers.ca_file), authority=url, scope=url + "/.default",
            sign_in=sign_in,
        )  # fmt: skip

    async def sign_in(self, arm: ArmEndpoint, prompt: Any = lambda *_: None, **secrets: str) -> Any:
        return await self.sign_ins.sign_in(arm, secrets, prompt, is_silent=False)

    def paths(self) -> list[str]:
        return [request.path for request, _ in self.seen]


@pytest.fixture
async def azure(servers: Servers) -> AsyncIterator[Azure]:
    made = Azure(servers)
    yield made
    for credential in made.sign_ins._made.values():
        await credential.close()


def enter_code_at(url: str, ca_file: str, code: str) -> None:
    """The person's part, on another device."""
    answer = requests.post(
        url, data={"user_code": code}, verify=ca_file, timeout=10, proxies={"https": ""}
    )
    assert answer.status_code == 200


def enter_code(azure: Azure, code: str) -> None:
    servers = azure.servers
    enter_code_at(f"https://127.0.0.1:{servers.arm.port}/device", str(servers.ca_file), code)


def code_prompt(azure: Azure) -> Any:
    def prompt(_text: str, url: str, code: str) -> None:
        assert url == f"https://127.0.0.1:{azure.servers.arm.port}/device"
        threading.Timer(0.1, enter_code, (azure, code)).start()

    return prompt


async def test_device_code(azure: Azure) -> None:
    account = await azure.sign_in(azure.arm(SignInMethod.DEVICE_CODE), code_prompt(azure))
    assert account.name == USER
    assert [one.name for one in account.subscriptions] == ["Lab subscription"]
    assert [one.domain for one in account.tenants] == [azure.servers.site.settings.domain]
    assert "eyJ" not in account.record  # which account, and no token
    assert "/subscriptions" in azure.paths()


async def test_browser(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> None:
    """The person's part is done by a browser of a few lines: it posts the page's form."""

    def browse(url: str, *_: Any, **__: Any) -> bool:
        def read_and_press() -> None:
            page = requests.get(
                url, verify=str(azure.servers.ca_file), timeout=10, proxies={"https": ""}
            ).text
            target = html.unescape(re.findall(r'action="([^"]+)"', page)[0])
            fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page))
            data = urllib.parse.urlencode({k: html.unescape(v) for k, v in fields.items()})
            with urllib.request.urlopen(target, data.encode(), timeout=10) as answer:
                answer.read()

        threading.Thread(target=read_and_press, daemon=True).start()
        return True

    monkeypatch.setattr(webbrowser, "open", browse)
    account = await azure.sign_in(azure.arm(SignInMethod.BROWSER))
    assert account.name == USER
    assert account.subscriptions


def certificate(folder: Path) -> tuple[Path, bytes]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "console")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    public = made.public_bytes(serialization.Encoding.PEM)
    encryption = serialization.BestAvailableEncryption(b"pass-word")
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )
    path = folder / "console.pem"
    path.write_bytes(private + public)
    return path, public


async def test_service_principal_with_a_certificate(azure: Azure, tmp_path: Path) -> None:
    path, public = certificate(tmp_path)
    arm = azure.arm(SignInMethod.CERTIFICATE, client_id=CLIENT, certificate_file=str(path))
    azure.provider.register_certificate(CLIENT, public)
    account = await azure.sign_in(arm, certificate_password="pass-word")
    assert account.subscriptions


async def test_an_application_that_nobody_knows_is_refused(azure: Azure, tmp_path: Path) -> None:
    path, _ = certificate(tmp_path)
    arm = azure.arm(SignInMethod.CERTIFICATE, client_id=CLIENT, certificate_file=str(path))
    with pytest.raises(BackendError) as caught:
        await azure.sign_in(arm, certificate_password="pass-word")
    assert caught.value.fault.code is FaultCode.WRONG_CREDENTIALS


async def test_a_certificate_s_wrong_password_is_said(azure: Azure, tmp_path: Path) -> None:
    path, _ = certificate(tmp_path)
    arm = azure.arm(SignInMethod.CERTIFICATE, client_id=CLIENT, certificate_file=str(path))
    with pytest.raises(BackendError) as caught:
        await azure.sign_in(arm, certificate_password="canary-word")
    assert "canary-word" not in str(caught.value.fault)


async def test_workload_identity(
    azure: Azure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = tmp_path / "federated"
    token.write_text("token-of-the-platform")
    azure.provider.trust_federated(CLIENT, "token-of-the-platform")
    monkeypatch.setenv("AZURE_CLIENT_ID", CLIENT)
    monkeypatch.setenv("AZURE_TENANT_ID", azure.servers.site.settings.tenant_id)
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(token))
    account = await azure.sign_in(azure.arm(SignInMethod.WORKLOAD_IDENTITY))
    assert account.subscriptions


async def test_a_machine_without_workload_identity_is_told_so(
    azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(BackendError) as caught:
        await azure.sign_in(azure.arm(SignInMethod.WORKLOAD_IDENTITY))
    assert "AZURE_FEDERATED_TOKEN_FILE" in caught.value.fault.summary


async def test_managed_identity_of_an_app_service(
    azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The endpoint that the platform names in the environment, stood in for over plain HTTP."""
    from http.server import BaseHTTPRequestHandler, HTTPServer

    audience = azure.arm(SignInMethod.MANAGED_IDENTITY).url
    issued = azure.provider._issued(audience + "/.default", {})
    asked: list[str] = []

    class Platform(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            assert self.headers["X-IDENTITY-HEADER"] == "platform"
            expires = 4102444800
            body = msgspec.json.encode(
                {"access_token": issued["access_token"], "expires_on": str(expires),
                 "resource": audience, "token_type": "Bearer"}
            )  # fmt: skip
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Platform) as platform:
        thread = threading.Thread(target=platform.serve_forever)
        thread.start()
        try:
            monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{platform.server_port}/t")
            monkeypatch.setenv("IDENTITY_HEADER", "platform")
            account = await azure.sign_in(azure.arm(SignInMethod.MANAGED_IDENTITY))
        finally:
            platform.shutdown()
            thread.join()
    assert account.subscriptions
    assert f"resource={audience}" in urllib.parse.unquote(asked[0])


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for az is a shell script")
async def test_azure_cli(azure: Azure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for az on the path; the real one is tried in tests/clients."""
    arm = azure.arm(SignInMethod.AZURE_CLI)
    issued = azure.provider._issued(arm.scope, {})
    script = tmp_path / "az"
    body = msgspec.json.encode({"accessToken": issued["access_token"], "expires_on": 4102444800})
    script.write_text(f"#!{sys.executable}\nprint('''{body.decode()}''')\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    # Loopback never gets the CLI's token: the endpoint's name is another one in a real cloud.
    with pytest.raises(BackendError) as caught:
        await azure.sign_in(arm)
    assert "local address" in caught.value.fault.detail


async def test_a_broker_that_is_not_installed_is_said(azure: Azure) -> None:
    pytest.importorskip("azure.identity")
    try:
        import azure.identity.broker

        pytest.skip("the broker is installed here")
    except ImportError:
        pass
    with pytest.raises(BackendError) as caught:
        await azure.sign_in(azure.arm(SignInMethod.BROKER))
    assert "azure-identity-broker" in caught.value.fault.summary


# -- afterwards --------------------------------------------------------------------------------
async def signed_in(azure: Azure) -> tuple[ArmEndpoint, ArmPipeline]:
    arm = azure.arm(SignInMethod.DEVICE_CODE)
    account = await azure.sign_in(arm, code_prompt(azure))
    arm = replace(arm, sign_in=replace(arm.sign_in, account_record=account.record))
    return arm, ArmPipeline(azure.sign_ins.arm_connection(arm, {}))


async def test_nobody_is_asked_while_the_sign_in_lasts(azure: Azure) -> None:
    _, pipeline = await signed_in(azure)
    asked = azure.paths().count(f"/{azure.servers.site.settings.tenant_id}/oauth2/v2.0/devicecode")
    for _ in range(3):
        assert await read_subscriptions(pipeline)
    now = azure.paths().count(f"/{azure.servers.site.settings.tenant_id}/oauth2/v2.0/devicecode")
    assert asked == now == 1
    assert azure.wanted == []
    await pipeline.close(keep_credential=True)


async def test_a_claims_challenge_wants_a_person_and_is_met_by_signing_in_again(
    azure: Azure,
) -> None:
    arm, pipeline = await signed_in(azure)
    azure.provider.demands_claims = True
    azure.provider.refuses_refresh = True
    with pytest.raises(BackendError) as caught:
        await read_subscriptions(pipeline)
    assert caught.value.fault.code is FaultCode.SIGN_IN_REQUIRED
    assert not caught.value.was_sent
    assert azure.wanted
    azure.provider.refuses_refresh = False
    await azure.sign_in(arm, code_prompt(azure))
    assert await read_subscriptions(pipeline)
    await pipeline.close(keep_credential=True)


async def test_a_claims_challenge_is_met_silently_where_a_refresh_suffices(azure: Azure) -> None:
    _, pipeline = await signed_in(azure)
    azure.provider.demands_claims = True
    assert await read_subscriptions(pipeline)
    assert azure.wanted == []
    await pipeline.close(keep_credential=True)


async def test_signing_out_removes_every_token(azure: Azure) -> None:
    arm, pipeline = await signed_in(azure)
    credential = azure.sign_ins.credential(arm, {})
    assert isinstance(credential, IdentityToken)
    text, is_done = await azure.sign_ins.sign_out(arm)
    assert is_done, text
    cache = credential._inner._cache
    for kind in cache.CredentialType.ACCESS_TOKEN, cache.CredentialType.REFRESH_TOKEN:
        assert list(cache.search(kind)) == []
    again = ArmPipeline(azure.sign_ins.arm_connection(arm, {}))
    with pytest.raises(BackendError):
        await read_subscriptions(again)
    await pipeline.close(keep_credential=True)
    await again.close(keep_credential=True)
    await credential.close()


async def test_giving_up_a_sign_in_frees_the_console(azure: Azure) -> None:
    task = asyncio.ensure_future(azure.sign_in(azure.arm(SignInMethod.DEVICE_CODE)))
    await asyncio.sleep(0.5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    # The thread that polls ends when the code is redeemed or expires: redeem it here.
    for code in list(azure.provider._user_codes):
        enter_code(azure, code)
    await asyncio.sleep(1.5)


# -- where tokens go ---------------------------------------------------------------------------
async def test_a_token_is_asked_for_its_own_audience_only(azure: Azure) -> None:
    arm, pipeline = await signed_in(azure)
    credential = azure.sign_ins.credential(arm, {})
    with pytest.raises(ClientAuthenticationError):
        await credential.get_token("https://vault.azure.net/.default")
    await pipeline.close(keep_credential=True)


async def test_arm_refuses_a_token_for_another_audience(azure: Azure) -> None:
    issued = azure.provider._issued("https://graph.microsoft.com/.default", {})
    answer = await asyncio.to_thread(
        requests.get,
        f"https://127.0.0.1:{azure.servers.arm.port}/subscriptions?api-version=2022-12-01",
        headers={"Authorization": f"Bearer {issued['access_token']}"},
        verify=str(azure.servers.ca_file), timeout=10, proxies={"https": ""},
    )  # fmt: skip
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "InvalidAuthenticationTokenAudience"


async def test_a_real_cloud_s_sign_in_is_never_shown_to_a_local_address(azure: Azure) -> None:
    arm = replace(
        azure.arm(SignInMethod.DEVICE_CODE), authority="https://login.microsoftonline.com"
    )
    with pytest.raises(BackendError) as caught:
        await azure.sign_in(arm)
    assert "local address" in caught.value.fault.summary


async def test_redirects_never_carry_a_token(azure: Azure, servers: Servers) -> None:
    """A redirect is not followed at all, by neither the wire nor the discovery."""
    from console.lab.arm_server.service import Service

    real = Service.answer
    hits: list[Request] = []

    def answer(service: Service, request: Request) -> Response | None:
        if request.path.startswith("/elsewhere"):
            hits.append(request)
        if request.path in ("/subscriptions", "/metadata/endpoints"):
            return Response(
                307, None, {"Location": f"https://localhost:{servers.arm.port}/elsewhere"}
            )
        return real(service, request)

    _, pipeline = await signed_in(azure)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Service, "answer", answer)
        with pytest.raises(BackendError):
            await read_subscriptions(pipeline)
        with pytest.raises(BackendError):
            await azure.sign_ins.discover(pipeline.connection.url, str(servers.ca_file))
    assert hits == []
    await pipeline.close(keep_credential=True)
