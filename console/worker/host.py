"""Composition root of the worker process: pipe, engine, and the one place that picks the wires."""

import asyncio
import faulthandler
import importlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO

from console import checks, operations
from console.backends import Backend
from console.backends.fleet import FleetSource
from console.channel import chores
from console.channel.messages import Close, Open
from console.credentials import Credentials
from console.model.connection import ConnectionKind, ConnectionProfile
from console.worker import log_file
from console.worker.clock import Clock, RealClock
from console.worker.connecting import Connecting
from console.worker.engine import Engine
from console.worker.pipe_end import PipeEnd, take_over_standard_streams
from console.worker.redaction import Redaction

if TYPE_CHECKING:
    from console.backends.azure_local.wires import SignIns

_log = logging.getLogger(__name__)
_FLUSH_S = 1.0
_LEAVES_WITHIN_S = 15.0
_FLEET_MODULE = "console.backends.azure_local.fleet_reading"
_BACKEND_MODULE = "console.backends.azure_local.backend"
_WIRES_MODULE = "console.backends.azure_local.wires"


def main() -> int:
    """Serve one window until it hangs up; 0 if nothing went wrong inside."""
    faulthandler.enable()
    _step_behind_the_window()
    # Ctrl+C in a terminal reaches both processes: the window decides, and hangs up.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source, sink = take_over_standard_streams()
    redaction = Redaction()
    log_file.to_stderr(redaction)
    code = 0
    try:
        asyncio.new_event_loop().run_until_complete(_serve(source, sink, redaction))
    except Exception:
        _log.exception("the worker failed")
        code = 1
    logging.shutdown()
    sys.stderr.flush()
    # A thread that waits for a silent node would hold the process for half a minute; the journal
    # is closed, so nothing is lost by leaving now.
    os._exit(code)


def _step_behind_the_window() -> None:
    """Where cores are few, the window draws first: reading 2,000 VMs keeps one busy for 0.4 s."""
    if hasattr(os, "nice"):
        os.nice(5)


class _Leaving:
    """Once its window is gone, nothing may hold this process: the next one waits for its lock.

    What was acknowledged is durable, so being ended is no worse than kill -9. Where it was stuck
    goes to the log: names of functions and lines, no values.
    """

    def __init__(self) -> None:
        self._log: IO[str] | None = None
        self._has_begun = False

    def log_into(self, folder: Path) -> None:
        self._log = log_file.open_for_tracebacks(folder)
        if self._has_begun:  # the window died while this process was starting
            self.begin()

    def begin(self) -> None:
        self._has_begun = True
        into = self._log or sys.stderr
        faulthandler.dump_traceback_later(_LEAVES_WITHIN_S, exit=True, file=into)


class _Wires:
    """The sign-ins of this process, made when first needed: their packages take a second."""

    def __init__(self, on_wanted: Callable[[str], None]) -> None:
        self._on_wanted = on_wanted
        self._made: SignIns | None = None
        # Two threads that import parts of one package can wait for each other for ever; Python
        # notices and fails one of them.
        self._importing = asyncio.Lock()

    async def imported(self, module: str) -> None:
        """Import this in a thread, one after the other."""
        async with self._importing:
            await asyncio.to_thread(importlib.import_module, module)

    async def get(self) -> "SignIns":
        await self.imported(_WIRES_MODULE)
        from console.backends.azure_local.wires import SignIns

        if self._made is None:
            self._made = SignIns(self._on_wanted)
        return self._made


async def _serve(source: BinaryIO, sink: BinaryIO, redaction: Redaction) -> None:
    leaving = _Leaving()
    pipe = PipeEnd(source, sink, leaving.begin)
    clock = RealClock()
    loop = asyncio.get_running_loop()
    credentials = Credentials()
    probing = asyncio.ensure_future(asyncio.to_thread(credentials.probe))

    def want_sign_in(reason: str) -> None:
        loop.call_soon_threadsafe(pipe.send, chores.SignInWanted(reason))

    wires = _Wires(want_sign_in)
    connecting = Connecting(pipe.send, wires.get, credentials, probing, redaction)
    engine = Engine(
        send=pipe.send,
        is_congested=pipe.is_congested,
        open_backend=lambda opening: _open_backend(opening, clock, wires, connecting),
        open_fleet=lambda opening: _open_fleet(opening, clock, wires, connecting),
        credentials=credentials,
        operation_for=operations.operation_for,
        run_checks=checks.run_all,
        clock=clock,
        redaction=redaction,
    )
    async for message in pipe.messages():
        if isinstance(message, Open):
            redaction.learn(message.secrets.values())
            log_file.to_file(Path(message.state_folder), redaction)
            leaving.log_into(Path(message.state_folder))
        if isinstance(message, chores.OfConnections):
            connecting.handle(message)
            continue
        await engine.handle(message)
        if isinstance(message, Close):
            break
    await connecting.close()
    await engine.close()
    pipe.close(_FLUSH_S)


async def _open_backend(
    opening: Open, clock: Clock, wires: _Wires, connecting: Connecting
) -> Backend:
    """The wires of this profile. Their packages take a second to import: in a thread, after Ready.

    Raises BackendError if the profile lacks what they need.
    """
    await wires.imported(_BACKEND_MODULE)
    from console.backends.azure_local.backend import AzureLocalBackend

    profile = opening.profile
    sign_ins = await wires.get()
    from console.backends.azure_local.wires import cluster_connection

    secrets = await _secrets(profile, opening, connecting)
    arm = sign_ins.arm_connection(profile.arm, secrets) if profile.arm is not None else None
    cluster = cluster_connection(profile.cluster, secrets) if profile.cluster is not None else None
    return AzureLocalBackend.open(arm, cluster, clock)


async def _open_fleet(
    opening: Open, clock: Clock, wires: _Wires, connecting: Connecting
) -> FleetSource:
    """Resource Graph over the profile's fleet. Raises BackendError if nobody is signed in."""
    await wires.imported(_FLEET_MODULE)
    sign_ins = await wires.get()
    from console.backends.azure_local.fleet_reading import ResourceGraphFleet

    fleet = opening.profile.fleet
    assert fleet is not None
    secrets = await _secrets(opening.profile, opening, connecting)
    return ResourceGraphFleet(sign_ins.arm_connection(fleet.arm, secrets), clock)


async def _secrets(
    profile: ConnectionProfile, opening: Open, connecting: Connecting
) -> Mapping[str, str]:
    """A lab hands its secrets over; a keyring that answers nobody must not hold it up for 30 s."""
    if profile.kind is ConnectionKind.LAB:
        return opening.secrets
    return await connecting.secrets_of(profile.id, opening.secrets)


def doctor(folder: Path, wanted: str, say: Callable[[str], None]) -> int:
    """The ``doctor`` command, with the concrete wires' own words."""
    from console.backends.azure_local.token_cache import why_not_durable
    from console.backends.azure_local.wires import settled
    from console.worker import doctor as doctor_command

    found, unread = doctor_command.load(folder, wanted)
    for text in unread:
        say(text)
    return doctor_command.run(doctor_command.Ground(found, settled, why_not_durable), say)
