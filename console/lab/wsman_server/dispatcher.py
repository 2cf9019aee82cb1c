"""One node's WS-Man service without its transport: requests in, envelopes out."""

import base64
import binascii
import threading
import time
import uuid
from collections.abc import Callable
from xml.sax.saxutils import escape

from console.lab.wsman_server import bodies, soap
from console.lab.wsman_server.pipe import Runner
from console.lab.wsman_server.shell import Gone, Received, Shell, Unreadable
from console.lab.wsman_server.soap import Request, WsManFault

# WinRM's default quota (psrp.md 1.4).
SHELLS_PER_USER = 30
_IDLE_TIMEOUT_S = 7200.0
_CTRL_C = "/signal/ctrl_c"
_TERMINATE = "/signal/terminate"
CONFIGURATIONS = ("Microsoft.PowerShell", "TrustedLaunchConsole")


class Dispatcher:
    """The shells of one node. ``answer`` is called from many threads at once."""

    def __init__(
        self, node: str, runner: Runner, configurations: tuple[str, ...] = CONFIGURATIONS
    ) -> None:
        self.node = node
        self._runner = runner
        self._uris = {f"{soap.POWERSHELL}/{name}".lower() for name in configurations}
        self._shells: dict[str, Shell] = {}
        self._lock = threading.Lock()
        self._verbs: dict[str, Callable[[Request, str, Callable[[], bool]], str]] = {
            "Create": self._create,
            "Receive": self._receive,
            "Command": self._command,
            "Send": self._send,
            "Signal": self._signal,
            "Delete": self._delete,
            "Get": self._get,
            "Disconnect": self._disconnect,
            "Reconnect": self._reconnect,
            "Connect": self._connect,
            "Enumerate": self._enumerate,
        }

    def answer(
        self, data: bytes, user: str, give_up: Callable[[], bool] = lambda: False
    ) -> tuple[bytes, bool]:
        """The answer's envelope, and whether it is a fault; MalformedRequest for no envelope.

        ``give_up`` is asked while a Receive waits: true ends the wait at once.
        """
        request: Request | None = None
        try:
            request = soap.parse(data)
            verb = self._verbs.get(request.verb)
            if verb is None:
                raise _unsupported(request.action)
            body = verb(request, user, give_up)
        except (WsManFault, Unreadable) as error:
            fault = error if isinstance(error, WsManFault) else _invalid(str(error))
            relates_to = request.message_id if request else soap.message_id_of(data)
            return soap.fault_envelope(fault, relates_to, self.node), True
        return soap.envelope(f"{request.action}Response", request.message_id, body), False

    def close(self) -> None:
        """All shells end, as when a node loses its power."""
        with self._lock:
            shells, self._shells = list(self._shells.values()), {}
        for shell in shells:
            shell.close()

    # -- life of a shell -----------------------------------------------------------------------
    def _create(self, request: Request, user: str, _give_up: Callable[[], bool]) -> str:
        if request.resource_uri.lower() not in self._uris:
            raise WsManFault(
                2150858752,
                "a:DestinationUnreachable",
                "The WS-Management service cannot process the request. The resource URI "
                f"({request.resource_uri}) was not found in the WS-Management catalog. ",
            )
        given = request.body.find(f"{{{soap.SHELL}}}Shell")
        if given is None:
            raise _invalid("no Shell element")
        shell_id = (given.get("ShellId") or soap.new_id()).upper()
        idle = given.get("IdleTimeOut") or given.findtext(f"{{{soap.SHELL}}}IdleTimeOut") or ""
        shell = Shell(
            shell_id,
            user,
            request.resource_uri,
            self._runner,
            bodies.seconds_of(idle, _IDLE_TIMEOUT_S),
        )
        shell.take_in(_decoded(given.findtext(f"{{{soap.POWERSHELL}}}creationXml") or ""))
        with self._lock:
            self._sweep()
            if sum(each.owner == user for each in self._shells.values()) >= SHELLS_PER_USER:
                raise _quota()
            self._shells[shell_id] = shell
        return bodies.created(shell, request.address)

    def _delete(self, request: Request, user: str, _give_up: Callable[[], bool]) -> str:
        shell = self._shell(request, user)
        with self._lock:
            self._shells.pop(shell.id, None)
        shell.close()
        return ""

    def _disconnect(self, request: Request, user: str, _give_up: Callable[[], bool]) -> str:
        self._shell(request, user).disconnect()
        return ""

    def _reconnect(self, request: Request, user: str, _give_up: Callable[[], bool]) -> str:
        self._shell(request, user).reconnect()
        return ""

    def _connect(self, request: Request, user: str, _give_up: Callable[[], bool]) -> str:
        shell = self._shell(request, user)
        given = request.body.find(f"{{{soap.SHELL}}}Connect")
        if given is None:
            raise _invalid("no Connect element")
        command = given.get("CommandId")
        if command:
            try:
                shell.demand_command(_guid(command))
            except Gone as gone:
                raise _no_command() from gone
            return "<rsp:ConnectResponse/>"
        data = given.findtext(f"{{{soap.POWERSHELL}}}connectXml") or ""
        return bodies.connected(shell.connect(_decoded(data)))

    # -- commands ------------------------------------------------------------------------------
    def _command(self, request: Request, user: str, _give_up: Callable[[], bool]) -> str:
        shell = self._shell(request, user)
        line = request.body.find(f"{{{soap.SHELL}}}CommandLine")
        if line is None:
            raise _invalid("no CommandLine element")
        data = _decoded(line.findtext(f"{{{soap.SHELL}}}Arguments") or "")
        given = line.get("CommandId")
        # Without one the client means the pipeline's id.
        command_id = _guid(given) if given else uuid.UUID(bytes_le=data[45:61].ljust(16, b"\0"))
        shell.begin_command(command_id, data)
        return (
            "<rsp:CommandResponse><rsp:CommandId>"
            f"{str(command_id).upper()}</rsp:CommandId></rsp:CommandResponse>"
        )

    def _send(self, request: Request, user: str, _give_up: Callable[[], bool]) -> str:
        shell = self._shell(request, user)
        for stream in request.body.iterfind(f"{{{soap.SHELL}}}Send/{{{soap.SHELL}}}Stream"):
            shell.take_in(_decoded(stream.text or ""))
        return "<rsp:SendResponse/>"

    def _receive(self, request: Request, user: str, give_up: Callable[[], bool]) -> str:
        shell = self._shell(request, user)
        wanted = request.body.find(f"{{{soap.SHELL}}}Receive/{{{soap.SHELL}}}DesiredStream")
        command = wanted.get("CommandId") if wanted is not None else None
        wait_s, most = request.timeout_s, request.max_envelope
        try:
            if command:
                found = shell.receive_for_command(_guid(command), wait_s, most, give_up)
            else:
                found = shell.receive_for_pool(wait_s, most, give_up)
        except Gone as gone:
            raise (_no_command() if command else _no_shell()) from gone
        finally:
            shell.used_at = time.monotonic()
        if not found.fragments and not found.is_done:
            raise _timed_out()
        return self._streams(found, command)

    def _streams(self, found: Received, command: str | None) -> str:
        whose = f' CommandId="{escape(command)}"' if command else ""
        parts = [
            f'<rsp:Stream Name="stdout"{whose}>{base64.b64encode(part).decode()}</rsp:Stream>'
            for part in found.fragments
        ]
        if found.is_done:
            parts.append(
                f'<rsp:CommandState{whose} State="{soap.SHELL}/CommandState/Done">'
                "<rsp:ExitCode>0</rsp:ExitCode></rsp:CommandState>"
            )
        return f"<rsp:ReceiveResponse>{''.join(parts)}</rsp:ReceiveResponse>"

    def _signal(self, request: Request, user: str, _give_up: Callable[[], bool]) -> str:
        shell = self._shell(request, user)
        given = request.body.find(f"{{{soap.SHELL}}}Signal")
        command = given.get("CommandId") if given is not None else None
        code = given.findtext(f"{{{soap.SHELL}}}Code") if given is not None else None
        if not command or not code:
            raise _invalid("no command or no code to signal")
        if code.lower().endswith(_TERMINATE):
            shell.stop_command(_guid(command), forget=True)
        elif code.lower().endswith(_CTRL_C):
            shell.stop_command(_guid(command), forget=False)
        else:
            raise _invalid(f"signal {code} is not known")
        return "<rsp:SignalResponse/>"

    # -- looking -------------------------------------------------------------------------------
    def _get(self, request: Request, user: str, _give_up: Callable[[], bool]) -> str:
        if request.resource_uri.lower().endswith("/config"):
            return bodies.configuration()
        return bodies.shell_block(self._shell(request, user), is_live=True)

    def _enumerate(self, request: Request, user: str, _give_up: Callable[[], bool]) -> str:
        with self._lock:
            self._sweep()
            shells = [shell for shell in self._shells.values() if shell.owner == user]
        if request.resource_uri.lower() != f"{soap.SHELL}/command":
            items = [bodies.shell_block(shell, is_live=True) for shell in shells]
        else:
            path = f".//{{{soap.WSMAN}}}Filter//{{{soap.WSMAN}}}Selector"
            wanted = (request.body.findtext(path) or "").strip().upper()
            items = [
                bodies.command_block(pipe)
                for shell in shells
                if shell.id == wanted
                for pipe in shell.commands
            ]
        return bodies.enumerated(items)

    # -- inside --------------------------------------------------------------------------------
    def _shell(self, request: Request, user: str) -> Shell:
        with self._lock:
            shell = self._shells.get(request.shell_id)
        # Another user's shell is answered for as if it did not exist.
        if shell is None or shell.owner != user:
            raise _no_shell()
        shell.used_at = time.monotonic()
        return shell

    def _sweep(self) -> None:
        for shell in [each for each in self._shells.values() if each.is_idle_too_long]:
            del self._shells[shell.id]
            shell.close()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=False)
    except (binascii.Error, ValueError) as error:
        raise _invalid("a stream is not base64") from error


def _guid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise _invalid("an identifier is not a GUID") from error


def _timed_out() -> WsManFault:
    return WsManFault(
        2150858793,
        "w:TimedOut",
        "The WS-Management service cannot complete the operation within the time specified in "
        "OperationTimeout.  ",
        is_senders=False,
    )


_SELECTORS = (
    "The WS-Management service cannot process the request because the request contained invalid "
    "selectors for the resource. "
)
_UNEXPECTED = "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/UnexpectedSelectors"


def _no_shell() -> WsManFault:
    return WsManFault(
        2150858843, "w:InvalidSelectors", _SELECTORS, detail=_UNEXPECTED, is_providers=True
    )


def _no_command() -> WsManFault:
    return WsManFault(
        2150858843,
        "w:InvalidSelectors",
        _SELECTORS,
        detail=_UNEXPECTED,
        message="The Windows Remote Shell received a request to perform an operation on a command "
        "identifier that does not exist. Either the command has completed execution or the client "
        "specified an invalid command identifier. ",
    )


def _quota() -> WsManFault:
    return WsManFault(
        2150859173,
        "w:QuotaLimit",
        "The WS-Management service cannot process the request. This user is allowed a maximum "
        f"number of {SHELLS_PER_USER} concurrent shells, which has been exceeded. Close existing "
        "shells or raise the quota for this user. ",
    )


def _unsupported(action: str) -> WsManFault:
    return WsManFault(
        2150858778,
        "a:ActionNotSupported",
        f"The WS-Management service does not support the action {action}. ",
    )


def _invalid(why: str) -> WsManFault:
    return WsManFault(
        2150858817,
        "w:SchemaValidationError",
        f"The SOAP XML in the message does not match the schema: {why}. ",
    )
