"""The session's thread: who waits how long, what is tried twice, what never is."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from pypsrp.exceptions import AuthenticationError, WSManFaultError

from console.backends import BackendError
from console.backends.azure_local import node_session
from console.backends.azure_local.connections import ClusterConnection
from console.backends.azure_local.node_faults import SHELL_GONE, code_of, node_fault
from console.backends.azure_local.node_session import NodeRefusal, PypsrpNodeSession
from console.model.freshness import FaultCode

CONNECTION = ClusterConnection({"n1": "127.0.0.1:9"}, "user", "canary", auth="basic")


class Scripted(PypsrpNodeSession):
    """Runs ``steps`` in place of the wire. A step gets the command, and whether a pool is kept."""

    def __init__(self, *steps: Callable[[Any], str]) -> None:
        super().__init__("n1", CONNECTION)
        self.steps = list(steps)
        self.tried = 0
        self.threads: set[int] = set()

    def _run_once(self, command: Any) -> str:
        self.tried += 1
        self.threads.add(threading.get_ident())
        self._pool = object()  # type: ignore[assignment]
        return self.steps.pop(0)(command)


def failing(error: Exception, *, was_sent: bool = False) -> Callable[[Any], str]:
    def step(command: Any) -> str:
        command.was_sent = was_sent
        raise error

    return step


def saying(text: str) -> Callable[[Any], str]:
    return lambda command: text


def gone() -> WSManFaultError:
    return WSManFaultError(SHELL_GONE, "n1", "no shell", None, None, None)


async def run(session: PypsrpNodeSession, **options: Any) -> str:
    return await session.run("Get-TlcNode", {}, **options)


async def test_one_thread_serves_all_commands() -> None:
    session = Scripted(saying("a"), saying("b"))
    assert (await run(session), await run(session)) == ("a", "b")
    assert len(session.threads) == 1
    assert threading.get_ident() not in session.threads
    session.close()


async def test_a_silent_node_is_noticed_in_time_and_not_asked_again_meanwhile() -> None:
    release = threading.Event()
    session = Scripted(lambda command: str(release.wait(10)), saying("back"))
    started = time.monotonic()
    with pytest.raises(BackendError) as raised:
        await run(session, patience=0.2)
    assert time.monotonic() - started < 2
    assert raised.value.fault.code is FaultCode.TIMED_OUT
    with pytest.raises(BackendError):
        await run(session, patience=5)
    assert session.tried == 1
    release.set()
    for _ in range(100):
        try:
            assert await run(session) == "back"
            break
        except BackendError:
            await asyncio.sleep(0.02)
    else:
        raise AssertionError("the session does not come back")
    session.close()


async def test_a_kept_shell_that_is_gone_is_opened_again() -> None:
    session = Scripted(saying("a"), failing(gone()), saying("b"))
    await run(session)
    assert await run(session) == "b"
    session.close()


async def test_an_act_that_may_have_landed_is_not_repeated() -> None:
    broken = requests.exceptions.ConnectionError("Connection aborted")
    session = Scripted(saying("a"), failing(broken, was_sent=True), saying("never"))
    await run(session)
    with pytest.raises(BackendError) as raised:
        await run(session, is_act=True)
    assert raised.value.was_sent
    assert session.tried == 2
    session.close()


async def test_a_fresh_shell_is_not_tried_twice() -> None:
    session = Scripted(failing(AuthenticationError("no")), saying("never"))
    with pytest.raises(BackendError) as raised:
        await run(session)
    assert raised.value.fault.code is FaultCode.WRONG_CREDENTIALS
    assert not raised.value.was_sent
    assert session.tried == 1
    assert session._pool is None
    session.close()


async def test_a_refusal_is_an_answer_and_keeps_the_shell() -> None:
    session = Scripted(failing(NodeRefusal("OwnerMismatch", "moved"), was_sent=True))
    with pytest.raises(NodeRefusal):
        await run(session, is_act=True)
    assert session._pool is not None
    session.close()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AuthenticationError("no"), FaultCode.WRONG_CREDENTIALS),
        (requests.exceptions.SSLError("VERIFY_FAILED"), FaultCode.UNTRUSTED_CERTIFICATE),
        (
            requests.exceptions.SSLError("[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred"),
            FaultCode.UNREACHABLE,
        ),
        (requests.exceptions.ConnectTimeout("t"), FaultCode.TIMED_OUT),
        (requests.exceptions.ReadTimeout("t"), FaultCode.TIMED_OUT),
        (requests.exceptions.ConnectionError("[Errno 111] Connection refused"), FaultCode.REFUSED),
        (requests.exceptions.ConnectionError("Name does not resolve"), FaultCode.UNREACHABLE),
        (WSManFaultError(5, "n1", "Access is denied", None, None, None), FaultCode.FORBIDDEN),
        (WSManFaultError(2150859173, "n1", "quota", None, None, None), FaultCode.THROTTLED),
        (ValueError("what is this"), FaultCode.MALFORMED),
    ],
)  # fmt: skip
def test_every_failure_has_its_own_code(error: Exception, code: FaultCode) -> None:
    assert code_of(error) is code


@pytest.fixture
def mute() -> Iterator[int]:
    """A port that accepts and never answers."""
    listener = socket.create_server(("127.0.0.1", 0))
    yield listener.getsockname()[1]
    listener.close()


async def test_nothing_listening_and_a_mute_port_over_real_sockets(
    mute: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = PypsrpNodeSession("n1", CONNECTION)
    with pytest.raises(BackendError) as raised:
        await run(refused)
    assert raised.value.fault.code is FaultCode.REFUSED
    refused.close()
    monkeypatch.setattr(node_session, "READ_TIMEOUT_S", 1)
    connection = ClusterConnection({"n1": f"127.0.0.1:{mute}"}, "user", "canary", auth="basic")
    silent = PypsrpNodeSession("n1", connection)
    started = time.monotonic()
    with pytest.raises(BackendError) as raised:
        await run(silent, patience=0.5)
    assert time.monotonic() - started < 3
    assert raised.value.fault.code is FaultCode.TIMED_OUT
    assert not raised.value.was_sent
    assert "canary" not in repr(raised.value.fault)
    silent.close()


@pytest.mark.parametrize(
    ("endpoint", "unknown", "brings"),
    [
        ("Microsoft.PowerShell", "Start-TlcLiveMigration", True),
        # A cmdlet that is unknown inside of the function: part of an act may have been done.
        ("Microsoft.PowerShell", "Move-ClusterVirtualMachineRole", False),
        ("TrustedLaunchConsole", "Start-TlcLiveMigration", False),
    ],
)
async def test_the_module_s_text_goes_where_our_own_function_is_unknown(
    endpoint: str, unknown: str, brings: bool
) -> None:
    connection = ClusterConnection(nodes={"N1": "n1"}, configuration_name=endpoint)
    session = node_session.PypsrpNodeSession("N1", connection)
    loop = asyncio.get_running_loop()
    command = node_session._Command(
        "Start-TlcLiveMigration", {}, loop, loop.create_future(), is_act=True
    )
    text = f"The term '{unknown}' is not recognized as the name of a cmdlet, function, script file."
    error = BackendError(node_fault(FaultCode.MISSING_FUNCTION, "N1", text))
    assert session._can_bring_module(command, error) is brings
