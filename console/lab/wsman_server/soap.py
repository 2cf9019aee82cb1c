"""WS-Management envelopes: requests read, answers and faults written (DSP0226, MS-WSMV)."""

import re
import uuid
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

S = "http://www.w3.org/2003/05/soap-envelope"
A = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
W = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
X = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
N = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
P = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
RSP = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
POWERSHELL = "http://schemas.microsoft.com/powershell"
FAULT_ACTION = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"

TIMED_OUT = 2150858793
NO_SUCH_SHELL = 2150858843
NOT_ALLOWED = 5
BAD_HEADER = 2150858767
_MAX_REQUEST = 4 * 1024 * 1024
_DURATION = re.compile(r"PT(\d+(?:\.\d+)?)S")


class BadRequestError(Exception):
    """The body is no envelope that this service reads."""


@dataclass(frozen=True)
class Request:
    """One request, taken apart. ``timeout_s`` is the operation timeout it asked for."""

    action: str
    message_id: str
    resource_uri: str
    body: ET.Element
    shell_id: str = ""
    timeout_s: float = 60.0
    max_envelope: int = 153_600
    selectors: dict[str, str] = field(default_factory=dict)

    @property
    def verb(self) -> str:
        """The last word of the action, as ``Create`` or ``Receive``."""
        return self.action.rsplit("/", 1)[-1]


def parse(data: bytes) -> Request:
    """Take an envelope apart. Raises BadRequestError."""
    if len(data) > _MAX_REQUEST or b"<!DOCTYPE" in data:
        raise BadRequestError("refused")
    try:
        envelope = ET.fromstring(data)  # noqa: S314 - no DTD gets here, expat refuses entity bombs
    except ET.ParseError as error:
        raise BadRequestError(str(error)) from error
    header, body = envelope.find(f"{{{S}}}Header"), envelope.find(f"{{{S}}}Body")
    if header is None or body is None:
        raise BadRequestError("no header or body")
    action = header.findtext(f"{{{A}}}Action", "").strip()
    if not action:
        raise BadRequestError("no action")
    duration = _DURATION.fullmatch(header.findtext(f"{{{W}}}OperationTimeout", "PT60S").strip())
    if duration is None:
        raise BadRequestError("bad operation timeout")
    selectors = {
        element.get("Name", ""): (element.text or "").strip()
        for element in header.iter(f"{{{W}}}Selector")
    }
    return Request(
        action=action,
        message_id=header.findtext(f"{{{A}}}MessageID", "").strip(),
        resource_uri=header.findtext(f"{{{W}}}ResourceURI", "").strip(),
        body=body,
        shell_id=selectors.get("ShellId", ""),
        timeout_s=float(duration.group(1)),
        max_envelope=int(header.findtext(f"{{{W}}}MaxEnvelopeSize", "153600").strip() or 153_600),
        selectors=selectors,
    )


def envelope(action: str, relates_to: str, body: str) -> bytes:
    """An answer around a ready body."""
    return (
        f'<s:Envelope xml:lang="en-US" xmlns:s="{S}" xmlns:a="{A}" xmlns:x="{X}" xmlns:w="{W}" '
        f'xmlns:n="{N}" xmlns:rsp="{RSP}" xmlns:p="{P}"><s:Header>'
        f"<a:Action>{escape(action)}</a:Action>"
        f"<a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID>"
        f"<p:ActivityId>{str(uuid.uuid4()).upper()}</p:ActivityId>"
        f"<a:To>{A}/role/anonymous</a:To>"
        f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo>"
        f"</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


@dataclass(frozen=True)
class FaultError(Exception):
    """A WS-Man fault; it goes out with HTTP 500, or a client would not look for it."""

    code: int
    subcode: str
    text: str
    sender: bool = True
    detail: str = ""

    def answer(self, relates_to: str, machine: str) -> bytes:
        who = "s:Sender" if self.sender else "s:Receiver"
        detail = f"<w:FaultDetail>{escape(self.detail)}</w:FaultDetail>" if self.detail else ""
        return envelope(
            FAULT_ACTION,
            relates_to,
            f"<s:Fault><s:Code><s:Value>{who}</s:Value><s:Subcode><s:Value>{self.subcode}"
            "</s:Value></s:Subcode></s:Code><s:Reason>"
            f'<s:Text xml:lang="en-US">{escape(self.text)}</s:Text></s:Reason>'
            f"<s:Detail>{detail}"
            '<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" '
            f'Code="{self.code}" Machine={quoteattr(machine)}>'
            f"<f:Message>{escape(self.text)}</f:Message></f:WSManFault></s:Detail></s:Fault>",
        )


def timed_out() -> FaultError:
    return FaultError(
        TIMED_OUT,
        "w:TimedOut",
        "The WS-Management service cannot complete the operation within the time specified in "
        "OperationTimeout.  ",
        sender=False,
    )


def no_such_shell() -> FaultError:
    return FaultError(
        NO_SUCH_SHELL,
        "w:InvalidSelectors",
        "The WS-Management service cannot process the request because the request contained "
        "invalid selectors for the resource. ",
        detail=f"{W.removesuffix('.xsd')}/faultDetail/UnexpectedSelectors",
    )


def no_such_command() -> FaultError:
    return FaultError(
        NO_SUCH_SHELL,
        "w:InvalidSelectors",
        "The Windows Remote Shell received a request to perform an operation on a command "
        "identifier that does not exist. Either the command has completed execution or the client "
        "specified an invalid command identifier. ",
        detail=f"{W.removesuffix('.xsd')}/faultDetail/UnexpectedSelectors",
    )
