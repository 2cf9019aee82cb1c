"""One thread, one WSMan, one runspace pool: named functions in, JSON text out."""

import asyncio
import contextlib
import functools
import logging
import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

from pypsrp.complex_objects import PSInvocationState
from pypsrp.exceptions import WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from console.backends import BackendError
from console.backends.azure_local.connections import ClusterConnection
from console.backends.azure_local.node_faults import SHELL_GONE, error_of, node_fault
from console.catalog import resource_path
from console.model.freshness import Fault, FaultCode

CONNECT_TIMEOUT_S, OPERATION_TIMEOUT_S, READ_TIMEOUT_S = 5, 10, 15
BACKOFF_S = 0.1
# A crashed console must not hold shells for hours (psrp.md 1.4).
IDLE_TIMEOUT_S = 240
POLL_S = 1
# After this long without an answer a node counts as silent, whatever its transport still tries.
PATIENCE_S = 5.0
LONGEST_ANSWER = 32 * 1024 * 1024

# At ERROR pypsrp still prints a traceback for every timeout; below WARNING whole messages.
logging.getLogger("pypsrp").setLevel(logging.CRITICAL)
logging.getLogger("urllib3").setLevel(logging.ERROR)

# Open to administrators of the node only; there alone script text is taken.
FULL_ENDPOINT = "microsoft.powershell"

Parameters = Mapping[str, str | int | bool]


class NodeRefusal(Exception):  # noqa: N818 - an answer, not an error of ours
    """The function ended with an error record; ``identity`` is its FullyQualifiedErrorId."""

    def __init__(self, identity: str, text: str) -> None:
        super().__init__(text)
        self.identity = identity
        self.text = text


@dataclass
class _Command:
    function: str
    parameters: Parameters
    loop: asyncio.AbstractEventLoop
    answer: "asyncio.Future[str]"
    is_act: bool
    was_sent: bool = False
    is_given_up: threading.Event = field(default_factory=threading.Event)


class PypsrpNodeSession:
    """A node as one caller talks to it. The thread starts with the first command.

    ``run`` raises BackendError or NodeRefusal. The pool is thrown away after any fault: a read
    timeout makes the whole pool unusable (reliability.md, pypsrp 21).
    """

    def __init__(self, node: str, connection: ClusterConnection) -> None:
        self.node = node
        self._connection = connection
        self._commands: queue.SimpleQueue[_Command | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._stuck: _Command | None = None
        self._wsman: WSMan | None = None
        self._pool: RunspacePool | None = None
        # The node lacks our module: its shipped text goes along with every command.
        self.brings_module = False

    @property
    def is_stuck(self) -> bool:
        """A command that nobody waits for any more still holds the thread."""
        return self._stuck is not None and not self._stuck.answer.done()

    async def run(
        self,
        function: str,
        parameters: Parameters,
        *,
        is_act: bool = False,
        patience: float = PATIENCE_S,
    ) -> str:
        """The one string that the function puts out. Acts are never sent twice."""
        if self.is_stuck:
            raise BackendError(node_fault(FaultCode.TIMED_OUT, self.node, "still no answer"))
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._serve, name=f"node {self.node}", daemon=True
            )
            self._thread.start()
        loop = asyncio.get_running_loop()
        command = _Command(function, parameters, loop, loop.create_future(), is_act)
        self._commands.put(command)
        try:
            return await asyncio.wait_for(asyncio.shield(command.answer), patience)
        except TimeoutError:
            self._give_up(command)
            fault = node_fault(FaultCode.TIMED_OUT, self.node, f"{function}: {patience:.0f} s")
            raise BackendError(fault, was_sent=command.was_sent) from None
        except asyncio.CancelledError:
            self._give_up(command)
            raise

    def _give_up(self, command: _Command) -> None:
        command.is_given_up.set()
        self._stuck = command
        # Nobody will fetch what comes late.
        command.answer.add_done_callback(lambda answer: answer.cancelled() or answer.exception())

    def close(self) -> None:
        """Ends the thread after its present command; does not wait for a silent node."""
        self._commands.put(None)

    # -- on the thread -------------------------------------------------------------------------
    def _serve(self) -> None:
        while (command := self._commands.get()) is not None:
            try:
                text = self._attempt(command)
            except (BackendError, NodeRefusal) as error:
                self._answer(command, None, error)
            except Exception as error:  # whatever a library throws ends one command, not the thread
                self._answer(command, None, error_of(error, self.node, was_sent=command.was_sent))
            else:
                self._answer(command, text, None)
        self._discard(is_polite=True)

    def _answer(self, command: _Command, text: str | None, error: Exception | None) -> None:
        def settle() -> None:
            if command.answer.done():
                return
            if error is not None:
                command.answer.set_exception(error)
            else:
                command.answer.set_result(text or "")

        # The loop may be gone when the console closed meanwhile.
        with contextlib.suppress(RuntimeError):
            command.loop.call_soon_threadsafe(settle)

    def _attempt(self, command: _Command) -> str:
        """One try; a second one only where the first surely did not run."""
        was_kept = self._pool is not None
        try:
            return self._run_once(command)
        except NodeRefusal:
            raise
        except Exception as error:
            self._discard(is_polite=False)
            is_gone = isinstance(error, WSManFaultError) and error.code == SHELL_GONE
            surely_not_run = not command.was_sent or (is_gone and not command.is_act)
            if not was_kept or not surely_not_run or command.is_given_up.is_set():
                raise
        command.was_sent = False
        try:
            return self._run_once(command)
        except NodeRefusal:
            raise
        except Exception:
            self._discard(is_polite=False)
            raise

    def _run_once(self, command: _Command) -> str:
        try:
            return self._send(command)
        except BackendError as error:
            if not self._can_bring_module(command, error):
                raise
        # The node did not know the function, so nothing ran.
        self.brings_module, command.was_sent = True, False
        return self._send(command)

    def _can_bring_module(self, command: _Command, error: BackendError) -> bool:
        """Only to a full administrator's endpoint, and only where our own function was unknown:
        a cmdlet unknown inside of it would mean that part of it ran.
        """
        return (
            error.fault.code is FaultCode.MISSING_FUNCTION
            and command.function.lower() in error.fault.detail.lower()
            and self._connection.configuration_name.lower() == FULL_ENDPOINT
            and not self.brings_module
            and not command.is_given_up.is_set()
        )

    def _send(self, command: _Command) -> str:
        pool = self._open_pool(command)
        shell = PowerShell(pool)
        if self.brings_module:
            # The only script text that ever leaves this house, and never with anything put into it.
            shell.add_script(shipped_module()).add_statement()
        shell.add_cmdlet(command.function)
        for name, value in command.parameters.items():
            shell.add_parameter(name, value)
        try:
            # An act may have landed from here on, whatever the transport says; a reading that met
            # a dead connection may be asked again.
            command.was_sent = command.is_act
            shell.begin_invoke()
        except WSManFaultError:
            # The service answered that it did not start the command.
            command.was_sent = False
            raise
        command.was_sent = True
        while shell.state == PSInvocationState.RUNNING:
            shell.poll_invoke(timeout=POLL_S)
            if command.is_given_up.is_set() and shell.state == PSInvocationState.RUNNING:
                shell.stop()
        text = self._result(shell)
        shell.close()
        return text

    def _open_pool(self, command: _Command) -> RunspacePool:
        if self._pool is not None and command.is_act and not _is_alive(self._pool):
            self._discard(is_polite=False)
        if self._pool is None:
            self._wsman = _new_wsman(self.node, self._connection)
            pool = RunspacePool(
                self._wsman,
                configuration_name=self._connection.configuration_name,
                idle_timeout=IDLE_TIMEOUT_S,
            )
            pool.open()
            self._pool = pool
        return self._pool

    def _result(self, shell: PowerShell) -> str:
        errors = shell.streams.error
        if shell.state != PSInvocationState.COMPLETED or errors:
            record = errors[-1] if errors else None
            identity = str(getattr(record, "fq_error", "") or "")
            # Its text; ``message`` is only the category's: "InvalidOperation: (:) [], ...".
            text = "the command was stopped" if record is None else str(record)
            shell.close()
            if "CommandNotFoundException" in identity:
                raise BackendError(node_fault(FaultCode.MISSING_FUNCTION, self.node, text))
            raise NodeRefusal(identity, text)
        text = "".join(part for part in shell.output if isinstance(part, str))
        if not text or len(text) > LONGEST_ANSWER:
            raise BackendError(
                Fault(
                    FaultCode.MALFORMED,
                    summary=f"{self.node} sent an answer that could not be read.",
                    kept="What was read before is kept.",
                    detail=f"{len(shell.output)} objects, {len(text)} characters",
                )
            )
        return text

    def _discard(self, *, is_polite: bool) -> None:
        """Forget the pool; close it at the other end only when the other end surely answers."""
        pool, wsman = self._pool, self._wsman
        self._pool = self._wsman = None
        with contextlib.suppress(Exception):
            if pool is not None and is_polite:
                pool.close()
        with contextlib.suppress(Exception):
            if wsman is not None:
                wsman.close()


@functools.cache
def shipped_module() -> str:
    """The node module's text, byte by byte as it ships."""
    path = resource_path("scripts/TrustedLaunchConsole.psm1")
    return path.read_bytes().decode("ascii")


def _is_alive(pool: RunspacePool) -> bool:
    """Asked before an act, so that a dead shell is not found out by sending."""
    try:
        return bool(pool.is_alive(timeout=3))
    except Exception:
        return False


def _new_wsman(node: str, connection: ClusterConnection) -> WSMan:
    # As urlsplit reads it: host, host:port, [v6]:port.
    address = urlsplit(f"//{connection.nodes[node]}")
    return WSMan(
        address.hostname or "",
        port=address.port,
        username=connection.username or None,
        password=connection.password or None,
        ssl=connection.use_tls,
        auth=connection.auth,
        cert_validation=cast(bool, connection.ca_file or True),  # a path is taken too
        connection_timeout=CONNECT_TIMEOUT_S,
        operation_timeout=OPERATION_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        reconnection_retries=0,
        reconnection_backoff=BACKOFF_S,
        # Cluster nodes are asked directly, never through a proxy of the environment.
        no_proxy=True,
    )
