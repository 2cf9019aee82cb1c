"""Recorded requests of real clients fed to the lab's dispatcher, its answers compared in shape."""

import base64
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import yaml
from psrpcore.types import PSRPMessageType

from console.lab.wsman_server.dispatcher import Dispatcher
from console.lab.wsman_server.pipe import Context
from console.lab.wsman_server.soap import ADDRESSING, POWERSHELL, SHELL, MalformedRequest

USER = "vagrant"
CONFIGURATIONS = ("Microsoft.PowerShell", "JEARole")
# The recorded clients asked for 20 s; nobody waits that long for what will not come.
_PATIENCE = re.compile(r"PT\d[\d.]*S(?=</\w+:OperationTimeout>)")
_PIPELINE_ID = slice(45, 61)

Shape = frozenset[tuple[str, tuple[str, ...]]]


def stub(context: Context, pipeline: Any) -> None:
    """In place of PowerShell: takes the input, says hi; where a script slept, sleeps a little."""
    if not getattr(pipeline, "no_input", True):
        assert context.inputs is not None
    commands = getattr(pipeline, "commands", ())
    if any("; Start-Sleep" in command.command_text for command in commands):
        context.output("before")
        context.sleep(0.4)  # over within one Receive
    elif any(command.command_text == "Start-Sleep" for command in commands):
        context.sleep(1.2)  # longer than two of them
    context.output("hi")


@dataclass(frozen=True)
class Exchange:
    """One recorded request and what became of it: ``problem`` is empty if the shapes agree."""

    recording: str
    number: int
    verb: str
    problem: str


@dataclass
class Result:
    exchanges: list[Exchange] = field(default_factory=list)
    # Recording -> pool-level message types: recorded, answered.
    orders: dict[str, tuple[list[str], list[str]]] = field(default_factory=dict)

    @property
    def equal(self) -> int:
        return sum(not each.problem for each in self.exchanges)

    @property
    def unequal(self) -> list[Exchange]:
        return [each for each in self.exchanges if each.problem]

    @property
    def disordered(self) -> list[str]:
        return [name for name, (theirs, ours) in self.orders.items() if theirs != ours]


def replay(folder: Path) -> Result:
    """Every PowerShell remoting recording; files of the command shell (WinRS) are not ours."""
    result = Result()
    for path in sorted([*folder.glob("test_psrp_*.yml"), *folder.glob("test_wsman_*.yml")]):
        _replay_one(path, result)
    return result


def _replay_one(path: Path, result: Result) -> None:
    dispatcher = Dispatcher("127.0.0.1", stub, CONFIGURATIONS)
    theirs: list[str] = []
    ours: list[str] = []
    recorded = yaml.safe_load(path.read_text(encoding="utf-8"))["messages"]
    try:
        for number, message in enumerate(recorded):
            if not message.get("response"):
                continue  # the connection was cut: there is nothing to compare with
            request = _PATIENCE.sub("PT0.5S", message["request"])
            try:
                answer, _ = dispatcher.answer(request.encode(), USER)
            except MalformedRequest as error:
                answer = f"<malformed>{error}</malformed>".encode()
            expected, found = (
                ElementTree.fromstring(text) for text in (message["response"], answer)
            )
            verb = ElementTree.fromstring(request).findtext(f".//{{{ADDRESSING}}}Action", "")
            result.exchanges.append(
                Exchange(path.stem, number, verb.rsplit("/", 1)[-1], _difference(expected, found))
            )
            theirs += pool_messages(expected)
            ours += pool_messages(found)
    finally:
        dispatcher.close()
    result.orders[path.stem] = (theirs, ours)


def _difference(expected: ElementTree.Element, found: ElementTree.Element) -> str:
    action = f".//{{{ADDRESSING}}}Action"
    if expected.findtext(action) != found.findtext(action):
        return f"action {found.findtext(action)} for {expected.findtext(action)}"
    theirs, ours = shape(expected), shape(found)
    parts = [f"+{path}" for path, _ in sorted(ours - theirs)]
    parts += [f"-{path}" for path, _ in sorted(theirs - ours)]
    return " ".join(parts)


def shape(root: ElementTree.Element) -> Shape:
    """Paths of all elements with the names of their attributes; values and ids do not count."""

    def walk(element: ElementTree.Element, above: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        path = f"{above}/{element.tag.rpartition('}')[2]}"
        if path.endswith("/ActivityId"):
            return
        # The namespace is part of what must agree, written short.
        yield f"{path}@{element.tag[1:].partition('}')[0][-12:]}", tuple(sorted(element.keys()))
        for child in element:
            yield from walk(child, path)

    return frozenset(walk(root, ""))


def pool_messages(root: ElementTree.Element) -> list[str]:
    """Types of the PSRP messages for the pool itself, in order."""
    texts = [
        stream.text
        for stream in root.iterfind(f".//{{{SHELL}}}Stream")
        if stream.get("CommandId") is None
    ]
    texts += [element.text for element in root.iterfind(f".//{{{POWERSHELL}}}connectResponseXml")]
    return [kind for text in texts for kind in _types(base64.b64decode(text or ""))]


def _types(data: bytes) -> Iterator[str]:
    while data:
        length = int.from_bytes(data[17:21], "big")
        if data[16] & 1 and uuid.UUID(bytes_le=data[_PIPELINE_ID]).int == 0:
            yield PSRPMessageType(int.from_bytes(data[25:29], "little")).name
        data = data[21 + length :]
