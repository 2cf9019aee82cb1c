"""Azure through a proxy that asks who one is: a real CONNECT proxy, both clients."""

import base64
import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from console.app import profile_of_lab
from console.backends import BackendError
from console.backends.azure_local.wires import SignIns
from console.lab.serve import running_lab
from console.model.connection import ArmEndpoint, SignIn, SignInMethod, StepState, TestStep
from tests.contract.test_azure_identity import enter_code_at

replace = msgspec.structs.replace
USER, PASSWORD = "CONTOSO\\grace", "p@ss:w/rd-canary"


class Proxy:
    """Tunnels after CONNECT and Basic; remembers where to, and how often it was refused."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.tunnels: list[str] = []
        self.refused = 0
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._run(self._accept)

    def _run(self, target: Any, *arguments: Any) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self._open.append(client)
                self._run(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        head = b""
        with contextlib.suppress(OSError):
            while b"\r\n\r\n" not in head:
                part = client.recv(4096)
                if not part:
                    return
                head += part
            wanted = base64.b64encode(f"{USER}:{PASSWORD}".encode())
            if b"proxy-authorization: basic " + wanted.lower() not in head.lower():
                self.refused += 1
                client.sendall(
                    b"HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=x\r\n"
                    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
                )
                client.close()
                return
            target = head.split()[1].decode()
            self.tunnels.append(target)
            host, _, port = target.rpartition(":")
            server = socket.create_connection((host, int(port)))
            self._open.append(server)
            client.sendall(b"HTTP/1.1 200 Go\r\n\r\n")
            self._run(_pump, server, client)
            _pump(client, server)

    def close(self) -> None:
        for one in (self.listener, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join(5)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while part := source.recv(65536):
            sink.sendall(part)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    made = Proxy()
    yield made
    made.close()


@pytest.fixture
def told() -> Iterator[dict[str, Any]]:
    with running_lab("small") as (_, endpoints):
        yield endpoints


async def test_the_test_and_the_wire_go_through_it(told: dict[str, Any], proxy: Proxy) -> None:
    profile, secrets = profile_of_lab(told)
    assert profile.arm is not None
    arm = replace(profile.arm, proxy=proxy.url, proxy_user=USER)
    steps: list[TestStep] = []
    await SignIns(lambda _: None).test(
        replace(profile, arm=arm, cluster=None), secrets | {"proxy_password": PASSWORD},
        steps.append,
    )  # fmt: skip
    assert {step.state for step in steps} == {StepState.PASSED}, steps
    assert set(proxy.tunnels) == {told["arm"]["url"].removeprefix("https://")}


async def test_a_wrong_password_is_said_and_not_told(told: dict[str, Any], proxy: Proxy) -> None:
    profile, secrets = profile_of_lab(told)
    assert profile.arm is not None
    arm = replace(profile.arm, proxy=proxy.url, proxy_user=USER)
    steps: list[TestStep] = []
    await SignIns(lambda _: None).test(
        replace(profile, arm=arm, cluster=None), secrets | {"proxy_password": "wrong-canary"},
        steps.append,
    )  # fmt: skip
    failed = next(step for step in steps if step.state is StepState.FAILED)
    assert "proxy" in f"{failed.text} {failed.remedy}".lower()
    assert "user and a password" in failed.text
    assert "wrong-canary" not in str(steps)
    assert proxy.tunnels == []
    assert proxy.refused


async def test_signing_in_goes_through_it_too(told: dict[str, Any], proxy: Proxy) -> None:
    sign_ins = SignIns(lambda _: None)
    way = proxy.url.replace(
        "http://", f"http://{USER.replace(chr(92), '%5C')}:p%40ss%3Aw%2Frd-canary@"
    )
    found, _ = await sign_ins.discover(told["arm"]["url"], told["arm"]["ca_file"], way)
    before = len(proxy.tunnels)
    assert before == 1
    sign_in = SignIn(SignInMethod.DEVICE_CODE, tenant_id=told["arm"]["tenant_id"])
    arm = replace(found, sign_in=sign_in, proxy=proxy.url, proxy_user=USER)

    def prompt(_text: str, url: str, code: str) -> None:
        threading.Timer(0.1, enter_code_at, (url, told["arm"]["ca_file"], code)).start()

    account = await sign_ins.sign_in(arm, {"proxy_password": PASSWORD}, prompt, is_silent=False)
    assert account.subscriptions
    assert len(proxy.tunnels) > before + 1
    for credential in sign_ins._made.values():
        await credential.close()


async def test_a_sign_in_that_the_proxy_refuses_tells_no_password(
    told: dict[str, Any], proxy: Proxy
) -> None:
    sign_ins = SignIns(lambda _: None)
    url, tenant = told["arm"]["url"], told["arm"]["tenant_id"]
    arm = ArmEndpoint(
        url, ca_file=told["arm"]["ca_file"], authority=url, scope=url + "/.default",
        sign_in=SignIn(SignInMethod.DEVICE_CODE, tenant_id=tenant), proxy=proxy.url,
        proxy_user=USER,
    )  # fmt: skip
    with pytest.raises(BackendError) as caught:
        await sign_ins.sign_in(
            arm, {"proxy_password": "wrong-canary"}, lambda *_: None, is_silent=False
        )
    assert "wrong-canary" not in str(caught.value.fault)
    assert proxy.tunnels == []
    for credential in sign_ins._made.values():
        await credential.close()


async def test_without_the_proxy_s_password_no_token_leaves(
    told: dict[str, Any], proxy: Proxy
) -> None:
    sign_ins = SignIns(lambda _: None)
    with pytest.raises(BackendError):
        await sign_ins.discover(told["arm"]["url"], told["arm"]["ca_file"], proxy.url)
    assert proxy.tunnels == []
