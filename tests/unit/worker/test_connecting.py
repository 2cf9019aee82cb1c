"""Chores of connections: answered once, given up at once, and a bug ends one chore and no more."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from console.backends import BackendError
from console.channel import chores
from console.credentials import Credentials
from console.model.connection import (
    ArmEndpoint,
    AzureAccount,
    ConnectionKind,
    ConnectionProfile,
    StepState,
    TestStep,
)
from console.model.freshness import Fault, FaultCode
from console.worker import connecting
from console.worker.connecting import Connecting
from console.worker.redaction import Redaction

ARM = ArmEndpoint("https://management.azure.com", cloud="public")
PROFILE = ConnectionProfile("munich-1", "Munich", ConnectionKind.AZURE_LOCAL, ARM)


class Wires:
    """Does what the test says; remembers the secrets it was given."""

    def __init__(self) -> None:
        self.secrets: list[dict[str, str]] = []
        self.steps = [TestStep("N1", "Name", StepState.PASSED, "It is s3cret-word.")]
        self.waits = asyncio.Event()
        self.error: Exception | None = None

    async def test(self, profile: object, secrets: Mapping[str, str], tell: Any) -> None:
        self.secrets.append(dict(secrets))
        if self.error is not None:
            raise self.error
        for step in self.steps:
            tell(step)

    async def sign_in(
        self, arm: object, secrets: Mapping[str, str], prompt: Any, *, is_silent: bool
    ) -> AzureAccount:
        prompt("Do it.", "https://a.example", "CODE")
        if self.error is not None:
            raise self.error
        await self.waits.wait()
        return AzureAccount("grace")

    async def sign_out(self, arm: object) -> tuple[str, bool]:
        return "Gone.", True

    async def discover(self, url: str, ca_file: str, proxy: str = "") -> tuple[ArmEndpoint, str]:
        return ARM, "A cloud"


class Bench:
    def __init__(self, credentials: Credentials | None = None) -> None:
        self.said: list[chores.Answer] = []
        self.wires = Wires()
        self.credentials = credentials or Credentials()
        self.connecting = Connecting(
            self.said.append, self._get, self.credentials, self._probed(), Redaction()
        )

    async def _get(self) -> Wires:
        return self.wires

    async def _probed(self) -> bool:
        return False

    async def until(self, count: int) -> None:
        for _ in range(200):
            if len(self.said) >= count:
                return
            await asyncio.sleep(0.01)
        raise AssertionError(self.said)


async def test_steps_come_before_the_verdict_and_hold_no_secret() -> None:
    bench = Bench()
    bench.connecting.handle(
        chores.TestConnection("t", PROFILE, {"cluster_password": "s3cret-word"})
    )
    await bench.until(2)
    step, verdict = bench.said
    assert isinstance(step, chores.StepTold)
    assert "s3cret-word" not in step.step.text
    assert verdict == chores.ConnectionTested("t", True)
    await bench.connecting.close()


async def test_what_was_left_out_is_no_success() -> None:
    bench = Bench()
    bench.wires.steps.append(TestStep("N1", "Port", StepState.NOT_TRIED, "Not tried."))
    bench.connecting.handle(chores.TestConnection("t", PROFILE))
    await bench.until(3)
    assert bench.said[-1] == chores.ConnectionTested("t", False)
    await bench.connecting.close()


async def test_nothing_told_is_no_success() -> None:
    bench = Bench()
    bench.wires.steps = []
    bench.connecting.handle(chores.TestConnection("t", PROFILE))
    await bench.until(1)
    assert bench.said == [chores.ConnectionTested("t", False)]
    await bench.connecting.close()


async def test_a_bug_is_answered_and_the_next_chore_works() -> None:
    bench = Bench()
    bench.wires.error = RuntimeError("canary-in-a-bug")
    bench.connecting.handle(chores.TestConnection("t", PROFILE))
    await bench.until(2)
    assert bench.said[-1] == chores.ConnectionTested("t", False)
    assert "canary" not in str(bench.said)
    bench.wires.error = None
    bench.connecting.handle(chores.SignOutOf("u", ARM))
    await bench.until(3)
    assert bench.said[-1] == chores.SignedOut("u", "Gone.", True)
    await bench.connecting.close()


async def test_a_sign_in_that_is_given_up_says_nothing_more() -> None:
    bench = Bench()
    bench.connecting.handle(chores.SignInTo("t", ARM))
    await bench.until(1)
    bench.connecting.handle(chores.GiveUpChore("t"))
    bench.wires.waits.set()
    await asyncio.sleep(0.05)
    assert [type(said) for said in bench.said] == [chores.SignInPrompted]
    await bench.connecting.close()


async def test_a_refused_sign_in_is_told_with_its_fault() -> None:
    bench = Bench()
    fault = Fault(FaultCode.WRONG_CREDENTIALS, "Azure did not accept the sign-in.")
    bench.wires.error = BackendError(fault)
    bench.connecting.handle(chores.SignInTo("t", ARM))
    await bench.until(2)
    assert bench.said[-1] == chores.SignedIn("t", None, fault)
    await bench.connecting.close()


async def test_kept_secrets_are_used_where_none_is_typed() -> None:
    bench = Bench()
    bench.credentials.keep("profile-munich-1", "cluster_password", "kept-word")
    bench.connecting.handle(chores.TestConnection("t", PROFILE))
    await bench.until(2)
    bench.connecting.handle(chores.TestConnection("u", PROFILE, {"cluster_password": "typed"}))
    await bench.until(4)
    assert [each["cluster_password"] for each in bench.wires.secrets] == ["kept-word", "typed"]
    await bench.connecting.close()


async def test_a_secret_is_kept_told_and_forgotten() -> None:
    bench = Bench()
    bench.connecting.handle(chores.KeepSecret("t", "munich-1", "cluster_password", "a-word"))
    await bench.until(1)
    told = bench.said[-1]
    assert isinstance(told, chores.KeyringTold)
    assert told.held == ("cluster_password",)
    assert not told.is_durable
    assert "until the console closes" in told.text
    bench.connecting.handle(chores.KeepSecret("u", "munich-1", "cluster_password", ""))
    await bench.until(2)
    bench.connecting.handle(chores.ReadKeyring("v", "munich-1", ("cluster_password",)))
    await bench.until(3)
    last = bench.said[-1]
    assert isinstance(last, chores.KeyringTold)
    assert last.held == ()
    await bench.connecting.close()


async def test_a_keyring_that_never_answers_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "_KEYRING_S", 0.05)
    released = asyncio.Event()

    class Stuck(Credentials):
        def recall(self, operation_id: str, field: str) -> str | None:
            import time

            for _ in range(40):
                if released.is_set():
                    break
                time.sleep(0.01)
            return None

    bench = Bench(Stuck())
    bench.credentials.is_durable = True
    bench.connecting.handle(chores.ReadKeyring("t", "munich-1", ("cluster_password",)))
    await bench.until(1)
    told = bench.said[-1]
    assert isinstance(told, chores.KeyringTold)
    assert not told.is_durable
    assert "did not answer" in told.text
    released.set()
    await asyncio.sleep(0.05)
    await bench.connecting.close()
