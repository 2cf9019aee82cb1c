"""What each WS-Man verb does to the shells of one node; faults by exception."""

import base64
import threading
import uuid
from collections.abc import Callable
from xml.sax.saxutils import escape

from console.lab.wsman_server import soap
from console.lab.wsman_server.engine import Engine
from console.lab.wsman_server.shell import Shell
from console.lab.wsman_server.soap import POWERSHELL, RSP, FaultError, Request

_SHELL_QUOTA = 30
_MAX_ENVELOPE = 500 * 1024
_ENVELOPE_OVERHEAD = 2_000
_DONE = f"{RSP}/CommandState/Done"
_TERMINATE = f"{RSP}/signal/Terminate".lower()


class Dispatcher:
    """Shells of one listening node. ``handle`` may be called from many threads."""

    def __init__(self, machine: str, engine: Engine) -> None:
        self.machine = machine
        self._engine = engine
        self._shells: dict[str, Shell] = {}
        self._lock = threading.Lock()
        self._verbs: dict[str, Callable[[Request, str, str], str]] = {
            "Create": self._create,
            "Receive": self._receive,
            "Command": self._command,
            "Send": self._send,
            "Signal": self._signal,
            "Delete": self._delete,
            "Get": self._get,
            "Enumerate": self._enumerate,
            "Connect": self._connect,
            "Disconnect": self._disconnect,
            "Reconnect": self._reconnect,
        }

    def handle(self, data: bytes, user: str, address: str) -> tuple[int, bytes]:
        """HTTP status and envelope for one request of an authenticated user."""
        try:
            request = soap.parse(data)
        except soap.BadRequestError as error:
            text = f"The WS-Management service cannot process the request: {error}. "
            fault = FaultError(soap.BAD_HEADER, "a:InvalidMessageInformationHeader", text)
            return 500, fault.answer("", self.machine)
        verb = self._verbs.get(request.verb)
        try:
            if verb is None:
                text = f"The action {request.action} is not supported by the service. "
                raise FaultError(2150858752, "a:ActionNotSupported", text)
            body = verb(request, user, address)
        except FaultError as fault:
            return 500, fault.answer(request.message_id, self.machine)
        return 200, soap.envelope(f"{request.action}Response", request.message_id, body)

    def close(self) -> None:
        """End every shell."""
        with self._lock:
            shells = list(self._shells.values())
            self._shells.clear()
        for shell in shells:
            shell.close()

    def _shell(self, request: Request, user: str) -> Shell:
        """The user's shell; another's answers as if it did not exist."""
        with self._lock:
            shell = self._shells.get(request.shell_id.upper())
        if shell is None or shell.owner != user:
            raise soap.no_such_shell()
        return shell

    # -- verbs ---------------------------------------------------------------------------------
    def _create(self, request: Request, user: str, address: str) -> str:
        element = request.body.find(f"{{{RSP}}}Shell")
        if element is None or not request.resource_uri.startswith(f"{POWERSHELL}/"):
            raise FaultError(
                2150858785,
                "w:InvalidResourceURI" if element is not None else "w:SchemaValidationError",
                "The resource URI is not supported by this service. ",
            )
        with self._lock:
            if sum(shell.owner == user for shell in self._shells.values()) >= _SHELL_QUOTA:
                text = (
                    "The WS-Management service cannot process the request. The maximum number of "
                    f"concurrent shells for this user has been exceeded ({_SHELL_QUOTA}). "
                )
                raise FaultError(2150859173, "w:QuotaLimit", text)
        shell_id = (element.get("ShellId") or str(uuid.uuid4())).upper()
        shell = Shell(shell_id, user, request.resource_uri, self._engine)
        shell.idle_timeout = element.findtext(f"{{{RSP}}}IdleTimeOut") or shell.idle_timeout
        creation = element.findtext(f"{{{POWERSHELL}}}creationXml")
        if creation:
            shell.feed(_decoded(creation))
        with self._lock:
            self._shells[shell_id] = shell
        uri = escape(request.resource_uri)
        return (
            f"<x:ResourceCreated><a:Address>https://{escape(self.machine)}/wsman</a:Address>"
            f"<a:ReferenceParameters><w:ResourceURI>{uri}</w:ResourceURI><w:SelectorSet>"
            f'<w:Selector Name="ShellId">{shell_id}</w:Selector></w:SelectorSet>'
            f"</a:ReferenceParameters></x:ResourceCreated>{_shell_xml(shell, address)}"
        )

    def _receive(self, request: Request, user: str, address: str) -> str:
        shell = self._shell(request, user)
        desired = request.body.find(f"{{{RSP}}}Receive/{{{RSP}}}DesiredStream")
        command = desired.get("CommandId") if desired is not None else None
        room = min(request.max_envelope, _MAX_ENVELOPE) - _ENVELOPE_OVERHEAD
        try:
            answer = shell.receive(
                _guid(command) if command else None, request.timeout_s, max(room, 1_000)
            )
        except KeyError:
            raise soap.no_such_command() from None
        if answer is None:
            raise soap.timed_out()
        fragments, is_done = answer
        of = f' CommandId="{escape(command)}"' if command else ""
        streams = "".join(
            f'<rsp:Stream Name="stdout"{of}>{text}</rsp:Stream>' for text in fragments
        )
        state = (
            f'<rsp:CommandState{of} State="{_DONE}"><rsp:ExitCode>0</rsp:ExitCode>'
            "</rsp:CommandState>"
            if is_done
            else ""
        )
        return f"<rsp:ReceiveResponse>{streams}{state}</rsp:ReceiveResponse>"

    def _command(self, request: Request, user: str, address: str) -> str:
        shell = self._shell(request, user)
        line = request.body.find(f"{{{RSP}}}CommandLine")
        arguments = line.findtext(f"{{{RSP}}}Arguments") if line is not None else None
        if line is None or not arguments:
            raise FaultError(87, "w:InvalidParameter", "The parameter is incorrect. ")
        data = _decoded(arguments)
        # The PSRP message starts after the fragment's 21 bytes; its pipeline id is at 24.
        of_message = uuid.UUID(bytes_le=data[45:61]) if len(data) >= 61 else uuid.uuid4()
        command = line.get("CommandId") or str(of_message).upper()
        shell.feed(data, _guid(command))
        return (
            f"<rsp:CommandResponse><rsp:CommandId>{escape(command)}</rsp:CommandId>"
            "</rsp:CommandResponse>"
        )

    def _send(self, request: Request, user: str, address: str) -> str:
        shell = self._shell(request, user)
        for stream in request.body.iter(f"{{{RSP}}}Stream"):
            command = stream.get("CommandId")
            if command and _guid(command) not in shell.pipes:
                raise soap.no_such_command()
            shell.feed(_decoded(stream.text or ""), _guid(command) if command else None)
        return "<rsp:SendResponse/>"

    def _signal(self, request: Request, user: str, address: str) -> str:
        shell = self._shell(request, user)
        signal = request.body.find(f"{{{RSP}}}Signal")
        command = signal.get("CommandId", "") if signal is not None else ""
        code = signal.findtext(f"{{{RSP}}}Code", "") if signal is not None else ""
        is_end = code.strip().lower() == _TERMINATE
        if not command or not shell.stop(_guid(command), forget=is_end):
            raise soap.no_such_command()
        return "<rsp:SignalResponse/>"

    def _delete(self, request: Request, user: str, address: str) -> str:
        shell = self._shell(request, user)
        with self._lock:
            self._shells.pop(shell.id, None)
        shell.close()
        return ""

    def _get(self, request: Request, user: str, address: str) -> str:
        if request.resource_uri.endswith("/config"):
            return (
                '<cfg:Config xmlns:cfg="http://schemas.microsoft.com/wbem/wsman/1/config">'
                f"<cfg:MaxEnvelopeSizekb>{_MAX_ENVELOPE // 1024}</cfg:MaxEnvelopeSizekb>"
                "<cfg:MaxTimeoutms>60000</cfg:MaxTimeoutms></cfg:Config>"
            )
        return _shell_xml(self._shell(request, user), address, is_live=True)

    def _enumerate(self, request: Request, user: str, address: str) -> str:
        items = ""
        if request.resource_uri.endswith("/shell"):
            with self._lock:
                mine = [shell for shell in self._shells.values() if shell.owner == user]
            items = "".join(_shell_xml(shell, address, is_live=True) for shell in mine)
        else:
            wanted = next(iter(request.body.iter(f"{{{W_SELECTOR}}}Selector")), None)
            name = (wanted.text or "").strip().upper() if wanted is not None else request.shell_id
            with self._lock:
                shell_ = self._shells.get(name.upper())
            if shell_ is not None and shell_.owner == user:
                items = "".join(
                    f'<rsp:Command xmlns:rsp="{RSP}" CommandId="{str(key).upper()}" '
                    f'ShellId="{shell_.id}"><rsp:State>Connected</rsp:State></rsp:Command>'
                    for key, pipe in shell_.pipes.items()
                    if not pipe.is_reported
                )
        wrapped = f"<w:Items>{items}</w:Items>" if items else ""
        return (
            "<n:EnumerateResponse><n:EnumerationContext></n:EnumerationContext>"
            f"{wrapped}<w:EndOfSequence/></n:EnumerateResponse>"
        )

    def _connect(self, request: Request, user: str, address: str) -> str:
        shell = self._shell(request, user)
        element = request.body.find(f"{{{RSP}}}Connect")
        if element is not None and element.get("CommandId"):
            if _guid(element.get("CommandId", "")) not in shell.pipes:
                raise soap.no_such_command()
            return "<rsp:ConnectResponse/>"
        xml = element.findtext(f"{{{POWERSHELL}}}connectXml", "") if element is not None else ""
        answer = base64.b64encode(shell.connect(_decoded(xml))).decode()
        return (
            "<rsp:ConnectResponse><rsp:InputStreams>stdin pr</rsp:InputStreams>"
            "<rsp:OutputStreams>stdout</rsp:OutputStreams>"
            f'<connectResponseXml xmlns="{POWERSHELL}">{answer}</connectResponseXml>'
            "</rsp:ConnectResponse>"
        )

    def _disconnect(self, request: Request, user: str, address: str) -> str:
        self._shell(request, user).disconnect()
        return ""

    def _reconnect(self, request: Request, user: str, address: str) -> str:
        self._shell(request, user).reconnect()
        return ""


W_SELECTOR = soap.W


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=False)
    except ValueError as error:
        raise FaultError(87, "w:InvalidParameter", "The parameter is incorrect. ") from error


def _guid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise soap.no_such_command() from None


def _shell_xml(shell: Shell, address: str, *, is_live: bool = False) -> str:
    live = (
        "<rsp:MemoryUsed>52MB</rsp:MemoryUsed><rsp:ChildProcesses>0</rsp:ChildProcesses>"
        if is_live
        else ""
    )
    state = "Connected" if shell.is_connected else "Disconnected"
    return (
        f'<rsp:Shell xmlns:rsp="{RSP}"><rsp:ShellId>{shell.id}</rsp:ShellId>'
        f"<rsp:ResourceUri>{escape(shell.resource_uri)}</rsp:ResourceUri>"
        f"<rsp:Owner>{escape(shell.owner)}</rsp:Owner><rsp:ClientIP>{escape(address)}"
        "</rsp:ClientIP><rsp:ProcessId>1868</rsp:ProcessId>"
        f"<rsp:IdleTimeOut>{escape(shell.idle_timeout)}</rsp:IdleTimeOut>"
        "<rsp:InputStreams>stdin pr</rsp:InputStreams><rsp:OutputStreams>stdout"
        "</rsp:OutputStreams><rsp:MaxIdleTimeOut>PT2147483.647S</rsp:MaxIdleTimeOut>"
        "<rsp:Locale>en-US</rsp:Locale><rsp:DataLocale>en-US</rsp:DataLocale>"
        "<rsp:CompressionMode>NoCompression</rsp:CompressionMode>"
        "<rsp:ProfileLoaded>Yes</rsp:ProfileLoaded><rsp:Encoding>UTF8</rsp:Encoding>"
        f"<rsp:BufferMode>Block</rsp:BufferMode><rsp:State>{state}</rsp:State>"
        "<rsp:ShellRunTime>P0DT0H0M0S</rsp:ShellRunTime>"
        f"<rsp:ShellInactivity>P0DT0H0M0S</rsp:ShellInactivity>{live}</rsp:Shell>"
    )
