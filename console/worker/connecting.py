"""Chores around connections: testing a profile, signing in and out, discovering, keeping secrets.

They need no open connection and disturb none; each runs as a task of its own until it answers or
is given up.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

from console.backends import BackendError
from console.channel import chores
from console.credentials import Credentials
from console.model.connection import (
    ArmEndpoint,
    AzureAccount,
    ConnectionProfile,
    StepState,
    TestStep,
)
from console.model.freshness import Fault, FaultCode
from console.worker.redaction import Redaction

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
# A keyring may show a prompt of its own and wait for a person.
_KEYRING_S = 30.0
# What a profile may need that is secret.
SECRET_FIELDS = ("cluster_password", "certificate_password", "proxy_password")

Tell = Callable[[TestStep], None]
Prompt = Callable[[str, str, str], None]


class Wires(Protocol):
    """What the concrete wires can do without an open connection (worker/host brings them)."""

    async def test(
        self, profile: ConnectionProfile, secrets: Mapping[str, str], tell: Tell
    ) -> None: ...

    async def sign_in(
        self, arm: ArmEndpoint, secrets: Mapping[str, str], prompt: Prompt, *, is_silent: bool
    ) -> AzureAccount: ...

    async def sign_out(self, arm: ArmEndpoint) -> tuple[str, bool]: ...

    async def discover(
        self, url: str, ca_file: str, proxy: str = ""
    ) -> tuple[ArmEndpoint, str]: ...


def holder(profile_id: str) -> str:
    """The name under which a profile's secrets stand in the keyring."""
    return f"profile-{profile_id}"


class Connecting:
    """``handle`` takes any ``chores.OfConnections``; answers go through ``send``."""

    def __init__(
        self,
        send: Callable[[chores.Answer], None],
        wires: Callable[[], Awaitable[Wires]],
        credentials: Credentials,
        probed: Awaitable[bool],
        redaction: Redaction,
    ) -> None:
        self._send = send
        self._wires = wires
        self._credentials = credentials
        self._probed = asyncio.ensure_future(probed)
        self._redaction = redaction
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def handle(self, question: chores.OfConnections) -> None:
        """Begin the chore, or end one that was given up."""
        if isinstance(question, chores.GiveUpChore):
            task = self._tasks.pop(question.token, None)
            if task is not None:
                task.cancel()
            return
        task = asyncio.ensure_future(self._run(question))
        self._tasks[question.token] = task
        task.add_done_callback(lambda _: self._tasks.pop(question.token, None))

    async def close(self) -> None:
        tasks = [*self._tasks.values(), self._probed]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def secrets_of(self, profile_id: str, given: Mapping[str, str]) -> dict[str, str]:
        """The given secrets, and those that the keyring holds for the profile."""
        self._redaction.learn(given.values())
        await self._keyring_ready()
        found = dict(given)
        for field in SECRET_FIELDS:
            if not found.get(field):
                kept = await self._in_keyring(self._credentials.recall, holder(profile_id), field)
                if kept:
                    found[field] = kept
        self._redaction.learn(found.values())
        return found

    async def _run(self, question: chores.OfConnections) -> None:
        try:
            match question:
                case chores.TestConnection():
                    await self._test(question)
                case chores.SignInTo():
                    await self._sign_in(question)
                case chores.SignOutOf():
                    wires = await self._wires()
                    text, is_done = await wires.sign_out(question.arm)
                    self._send(chores.SignedOut(question.token, text, is_done))
                case chores.DiscoverCloud():
                    await self._discover(question)
                case chores.KeepSecret() | chores.ReadKeyring():
                    await self._keep(question)
        except Exception as error:  # a chore's bug ends that chore and nothing else
            _log.exception("a chore failed")
            self._fail(question, _inside(error))

    def _fail(self, question: chores.OfConnections, fault: Fault) -> None:
        """The last answer of its kind, saying that something failed inside the console."""
        token = question.token
        match question:
            case chores.TestConnection():
                step = TestStep("", "Console", StepState.FAILED, fault.summary, fault.remedy)
                self._send(chores.StepTold(token, step))
                self._send(chores.ConnectionTested(token, False))
            case chores.SignInTo():
                self._send(chores.SignedIn(token, None, fault))
            case chores.SignOutOf():
                self._send(chores.SignedOut(token, fault.summary, False))
            case chores.DiscoverCloud():
                self._send(chores.CloudDiscovered(token, None, fault=fault))
            case chores.KeepSecret() | chores.ReadKeyring():
                self._send(chores.KeyringTold(token, "", False, fault.summary))

    async def _test(self, question: chores.TestConnection) -> None:
        states: list[StepState] = []

        def tell(step: TestStep) -> None:
            states.append(step.state)
            clean = self._redaction
            self._send(
                chores.StepTold(
                    question.token,
                    TestStep(
                        step.where, step.title, step.state,
                        clean(step.text), clean(step.remedy), clean(step.detail),
                    ),
                )
            )  # fmt: skip

        wires = await self._wires()
        secrets = await self.secrets_of(question.profile.id, question.secrets)
        await wires.test(question.profile, secrets, tell)
        is_good = bool(states) and not {StepState.FAILED, StepState.NOT_TRIED} & set(states)
        self._send(chores.ConnectionTested(question.token, is_good))

    async def _sign_in(self, question: chores.SignInTo) -> None:
        secrets = await self.secrets_of(question.profile_id, question.secrets)

        def prompt(text: str, url: str, code: str) -> None:
            self._send(chores.SignInPrompted(question.token, text, url, code))

        try:
            account = await (await self._wires()).sign_in(
                question.arm, secrets, prompt, is_silent=question.is_silent
            )
        except BackendError as error:
            self._send(chores.SignedIn(question.token, None, self._redaction.of_fault(error.fault)))
        else:
            self._send(chores.SignedIn(question.token, account))

    async def _discover(self, question: chores.DiscoverCloud) -> None:
        try:
            wires = await self._wires()
            arm, name = await wires.discover(question.url, question.ca_file, question.proxy)
        except BackendError as error:
            self._send(chores.CloudDiscovered(question.token, None, fault=error.fault))
        else:
            self._send(chores.CloudDiscovered(question.token, arm, name))

    # -- keyring -------------------------------------------------------------------------------
    async def _keep(self, question: chores.KeepSecret | chores.ReadKeyring) -> None:
        await self._keyring_ready()
        name, credentials = holder(question.profile_id), self._credentials
        fields: tuple[str, ...] = ()
        if isinstance(question, chores.ReadKeyring):
            fields = question.fields
        elif question.secret:
            self._redaction.learn([question.secret])
            await self._in_keyring(credentials.keep, name, question.field, question.secret)
            fields = (question.field,)
        else:
            await self._in_keyring(credentials.forget, name, (question.field,))
        held = []
        for field in fields:
            if await self._in_keyring(credentials.recall, name, field):
                held.append(field)
        self._send(
            chores.KeyringTold(
                question.token,
                credentials.store_name,
                credentials.is_durable,
                credentials.words,
                tuple(held),
            )
        )

    async def _keyring_ready(self) -> None:
        """Wait for the probe; a keyring that waits for a person counts as none."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._probed), _KEYRING_S)

    async def _in_keyring(self, call: Callable[..., _T], *arguments: object) -> _T | None:
        try:
            return await asyncio.wait_for(asyncio.to_thread(call, *arguments), _KEYRING_S)
        except TimeoutError:
            self._credentials.is_durable = False
            self._credentials.why_not = "the keyring did not answer in time"
            return None


def _inside(error: Exception) -> Fault:
    return Fault(
        FaultCode.REJECTED,
        "Something failed inside the console.",
        remedy="Copy the detail from the console's log and report it.",
        detail=type(error).__name__,
    )
