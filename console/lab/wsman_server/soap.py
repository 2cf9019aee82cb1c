"""WS-Management envelopes: requests read, answers and faults written (MS-WSMV, DSP0226)."""

import re
import uuid
from dataclasses import dataclass, field
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
WSMV = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
POWERSHELL = "http://schemas.microsoft.com/powershell"
CONFIG = "http://schemas.microsoft.com/wbem/wsman/1/config"
FAULT = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
ANONYMOUS = f"{ADDRESSING}/role/anonymous"
WSMAN_FAULT_ACTION = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
ADDRESSING_FAULT_ACTION = f"{ADDRESSING}/fault"

_NAMESPACES = (
    f'xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" xmlns:x="{TRANSFER}" xmlns:n="{ENUMERATION}" '
    f'xmlns:w="{WSMAN}" xmlns:rsp="{SHELL}" xmlns:p="{WSMV}" xmlns:f="{FAULT}" '
    f'xmlns:cfg="{CONFIG}"'
)
_DURATION = re.compile(
    r"(?P<sign>-?)P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?"
    r"(?:(?P<seconds>-?\d+(?:\.\d+)?)S)?)?"
)
_DEFAULT_ENVELOPE = 153600  # bytes; what WS-Man assumes if a client does not say
_DEFAULT_TIMEOUT_S = 20.0


class WsManFault(Exception):  # noqa: N818 - the protocol's own word
    """A fault to answer with. ``code`` is the WSManFault code, ``subcode`` with its prefix."""

    def __init__(
        self,
        code: int,
        subcode: str,
        text: str,
        *,
        is_senders: bool = True,
        detail: str = "",
        is_providers: bool = False,
        message: str = "",
    ) -> None:
        super().__init__(text)
        self.code = code
        self.subcode = subcode
        self.text = text
        self.is_senders = is_senders
        self.detail = detail
        self.is_providers = is_providers
        self.message = message or text

    @property
    def action(self) -> str:
        return ADDRESSING_FAULT_ACTION if self.subcode.startswith("a:") else WSMAN_FAULT_ACTION


class MalformedRequest(Exception):  # noqa: N818 - the client's fault, answered with 400
    """Not an envelope at all."""


@dataclass(frozen=True)
class Request:
    """One request. ``shell_id`` is upper case, empty if none is named; sizes in bytes."""

    action: str
    message_id: str
    resource_uri: str
    body: ElementTree.Element
    address: str = ""
    shell_id: str = ""
    timeout_s: float = _DEFAULT_TIMEOUT_S
    max_envelope: int = _DEFAULT_ENVELOPE
    options: dict[str, str] = field(default_factory=dict)

    @property
    def verb(self) -> str:
        """The action's last part: Create, Receive, ..."""
        return self.action.rsplit("/", 1)[-1]


def parse(data: bytes) -> Request:
    """Read a request; MalformedRequest for what is none, WsManFault for headers that are wrong."""
    try:
        text = data.decode("utf-8-sig")
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise MalformedRequest("document types are refused")
        root = ElementTree.fromstring(text)  # noqa: S314 - no document type, so no entities
    except (UnicodeDecodeError, ElementTree.ParseError) as error:
        raise MalformedRequest(str(error)) from error
    header, body = root.find(f"{{{SOAP}}}Header"), root.find(f"{{{SOAP}}}Body")
    if header is None or body is None:
        raise MalformedRequest("no header or no body")
    action = _text(header, ADDRESSING, "Action")
    if not action:
        raise MalformedRequest("no action")
    selectors = {
        str(each.get("Name")): (each.text or "").strip()
        for each in header.iterfind(f"{{{WSMAN}}}SelectorSet/{{{WSMAN}}}Selector")
    }
    size = _text(header, WSMAN, "MaxEnvelopeSize")
    return Request(
        action=action,
        message_id=_text(header, ADDRESSING, "MessageID"),
        resource_uri=_text(header, WSMAN, "ResourceURI"),
        body=body,
        address=_text(header, ADDRESSING, "To"),
        shell_id=selectors.get("ShellId", "").upper(),
        timeout_s=_seconds(_text(header, WSMAN, "OperationTimeout")),
        max_envelope=int(size) if size.isdigit() else _DEFAULT_ENVELOPE,
        options={
            str(each.get("Name")): (each.text or "").strip()
            for each in header.iterfind(f"{{{WSMAN}}}OptionSet/{{{WSMAN}}}Option")
        },
    )


def message_id_of(data: bytes) -> str:
    """The MessageID of a request that could not be read further, for the fault's RelatesTo."""
    found = re.search(rb"MessageID[^>]*>\s*([^<]{1,100})<", data)
    return found.group(1).decode("utf-8", "replace").strip() if found is not None else ""


def envelope(action: str, relates_to: str, body: str) -> bytes:
    """An answer; ``body`` is XML in the prefixes declared here."""
    return (
        f'<s:Envelope xml:lang="en-US" {_NAMESPACES}><s:Header>'
        f"<a:Action>{escape(action)}</a:Action><a:MessageID>uuid:{new_id()}</a:MessageID>"
        f"<p:ActivityId>{new_id()}</p:ActivityId><a:To>{ANONYMOUS}</a:To>"
        f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo></s:Header><s:Body>{body}</s:Body>"
        "</s:Envelope>"
    ).encode()


def fault_envelope(fault: WsManFault, relates_to: str, machine: str) -> bytes:
    """A fault as WinRM writes it: SOAP code and subcode, the reason, and its own WSManFault."""
    told = f"<f:Message>{escape(fault.message)}</f:Message>"
    where = f'Code="{fault.code}" Machine={quoteattr(machine)}'
    inner = f"<f:WSManFault {where}>{told}</f:WSManFault>"
    if fault.is_providers:
        inner = (
            f"<f:WSManFault {where}><f:Message>"
            '<f:ProviderFault provider="Shell provider" path="%systemroot%\\system32\\WsmSvc.dll">'
            f"{inner}</f:ProviderFault></f:Message></f:WSManFault>"
        )
    detail = f"<w:FaultDetail>{escape(fault.detail)}</w:FaultDetail>" if fault.detail else ""
    body = (
        f"<s:Fault><s:Code><s:Value>{'s:Sender' if fault.is_senders else 's:Receiver'}</s:Value>"
        f"<s:Subcode><s:Value>{fault.subcode}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en-US">{escape(fault.text)}</s:Text></s:Reason>'
        f"<s:Detail>{detail}{inner}</s:Detail></s:Fault>"
    )
    return envelope(fault.action, relates_to, body)


def new_id() -> str:
    """A fresh identifier in the upper case that WinRM uses."""
    return str(uuid.uuid4()).upper()


def _text(header: ElementTree.Element, namespace: str, name: str) -> str:
    return (header.findtext(f"{{{namespace}}}{name}") or "").strip()


def _seconds(duration: str) -> float:
    """An ISO 8601 duration of days and less; a negative one is a fault, as WinRM has it."""
    if not duration:
        return _DEFAULT_TIMEOUT_S
    found = _DURATION.fullmatch(duration)
    seconds = -1.0
    if found is not None:
        days, hours, minutes, rest = (
            float(found[name] or 0) for name in ("days", "hours", "minutes", "seconds")
        )
        seconds = ((days * 24 + hours) * 60 + minutes) * 60 + rest
    if seconds < 0 or (found is not None and found["sign"]):
        raise WsManFault(
            2150858767,
            "a:InvalidMessageInformationHeader",
            "The WS-Management service cannot process the request. The request contains one or "
            "more invalid SOAP headers. ",
            message="The WS-Management service cannot process the request. The XML contains an "
            f"invalid timeout field in the SOAP header: {duration}. ",
        )
    return seconds
