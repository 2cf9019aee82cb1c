"""Bodies of WS-Man answers: shells, commands and the service's configuration as XML."""

import base64
import os
import re
import time
from xml.sax.saxutils import escape

from console.lab.wsman_server import soap
from console.lab.wsman_server.pipe import Pipe
from console.lab.wsman_server.shell import Shell

_SECONDS = re.compile(r"PT(\d+(?:\.\d+)?)S")
_YES, _NO = "true", "false"


def seconds_of(duration: str, otherwise: float) -> float:
    """The durations that clients write here: PT900.000S."""
    found = _SECONDS.fullmatch(duration.strip())
    return float(found[1]) if found is not None else otherwise


def shell_block(shell: Shell, *, is_live: bool) -> str:
    """A Shell element; ``is_live`` adds what only a look at a running shell can tell."""
    age = int(time.monotonic() - shell.opened_at)
    idle = int(time.monotonic() - shell.used_at)
    facts = {
        "ShellId": shell.id,
        "ResourceUri": shell.resource_uri,
        "Owner": shell.owner,
        "ClientIP": "127.0.0.1",
        "ProcessId": str(os.getpid()),
        "IdleTimeOut": f"PT{shell.idle_timeout_s:.3f}S",
        "InputStreams": "stdin pr",
        "OutputStreams": "stdout",
        "MaxIdleTimeOut": "PT2147483.647S",
        "Locale": "en-US",
        "DataLocale": "en-US",
        "CompressionMode": "NoCompression",
        "ProfileLoaded": "Yes",
        "Encoding": "UTF8",
        "BufferMode": "Block",
        "State": "Connected" if shell.is_connected else "Disconnected",
        "ShellRunTime": _span(age),
        "ShellInactivity": _span(idle),
    }
    if is_live:
        facts |= {"MemoryUsed": "52MB", "ChildProcesses": "0"}
    inner = "".join(f"<rsp:{name}>{escape(text)}</rsp:{name}>" for name, text in facts.items())
    return f"<rsp:Shell>{inner}</rsp:Shell>"


def created(shell: Shell, address: str) -> str:
    return (
        f"<x:ResourceCreated><a:Address>{escape(address)}</a:Address><a:ReferenceParameters>"
        f"<w:ResourceURI>{escape(shell.resource_uri)}</w:ResourceURI><w:SelectorSet>"
        f'<w:Selector Name="ShellId">{escape(shell.id)}</w:Selector></w:SelectorSet>'
        f"</a:ReferenceParameters></x:ResourceCreated>{shell_block(shell, is_live=False)}"
    )


def connected(messages: bytes) -> str:
    return (
        "<rsp:ConnectResponse><rsp:InputStreams>stdin pr</rsp:InputStreams>"
        "<rsp:OutputStreams>stdout</rsp:OutputStreams>"
        f'<connectResponseXml xmlns="{soap.POWERSHELL}">{base64.b64encode(messages).decode()}'
        "</connectResponseXml></rsp:ConnectResponse>"
    )


def command_block(pipe: Pipe) -> str:
    return (
        f"<rsp:Command><rsp:CommandId>{str(pipe.id).upper()}</rsp:CommandId>"
        "<rsp:CommandLine></rsp:CommandLine><rsp:CommandState>Running</rsp:CommandState>"
        "</rsp:Command>"
    )


def enumerated(items: list[str]) -> str:
    """All at once: the client asks for an optimized enumeration."""
    inside = f"<w:Items>{''.join(items)}</w:Items>" if items else ""
    return (
        "<n:EnumerateResponse><n:EnumerationContext></n:EnumerationContext>"
        f"{inside}<w:EndOfSequence/></n:EnumerateResponse>"
    )


def configuration() -> str:
    """The service's configuration; clients look for MaxEnvelopeSizekb (500 since Windows 8)."""
    ports = _group("DefaultPorts", HTTP="5985", HTTPS="5986")
    methods = {"Basic": _YES, "Kerberos": _YES, "Negotiate": _YES}
    client = _group(
        "Client",
        NetworkDelayms="5000",
        URLPrefix="wsman",
        AllowUnencrypted=_NO,
        _1=_group("Auth", **methods, Digest=_YES, Certificate=_YES, CredSSP=_NO),
        _2=ports,
        TrustedHosts="",
    )
    service = _group(
        "Service",
        RootSDDL="O:NSG:BAD:P(A;;GA;;;BA)(A;;GR;;;IU)S:P(AU;FA;GA;;;WD)(AU;SA;GXGW;;;WD)",
        MaxConcurrentOperations="4294967295",
        MaxConcurrentOperationsPerUser="1500",
        EnumerationTimeoutms="240000",
        MaxConnections="300",
        MaxPacketRetrievalTimeSeconds="120",
        AllowUnencrypted=_NO,
        _1=_group("Auth", **methods, Certificate=_NO, CredSSP=_NO, CbtHardeningLevel="Relaxed"),
        _2=ports,
        IPv4Filter="*",
        IPv6Filter="*",
        EnableCompatibilityHttpListener=_NO,
        EnableCompatibilityHttpsListener=_NO,
        CertificateThumbprint="",
        AllowRemoteAccess=_YES,
    )
    shells = _group(
        "Winrs",
        AllowRemoteShellAccess=_YES,
        IdleTimeout="7200000",
        MaxConcurrentUsers="10",
        MaxShellRunTime="2147483647",
        MaxProcessesPerShell="25",
        MaxMemoryPerShellMB="1024",
        MaxShellsPerUser="30",
    )
    return _group(
        "Config",
        MaxEnvelopeSizekb="500",
        MaxTimeoutms="60000",
        MaxBatchItems="32000",
        MaxProviderRequests="4294967295",
        _1=client,
        _2=service,
        _3=shells,
    )


def _group(name: str, **facts: str) -> str:
    """An element of facts; names that begin with an underscore hold finished XML."""
    inner = "".join(
        text if fact.startswith("_") else f"<cfg:{fact}>{escape(text)}</cfg:{fact}>"
        for fact, text in facts.items()
    )
    return f"<cfg:{name}>{inner}</cfg:{name}>"


def _span(seconds: int) -> str:
    days, rest = divmod(max(seconds, 0), 86400)
    hours, rest = divmod(rest, 3600)
    return f"P{days}DT{hours}H{rest // 60}M{rest % 60}S"
