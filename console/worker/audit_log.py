"""The audit log: who asked for what, what was sent for it, and what became of it. No secrets."""

import enum
import sqlite3
from collections.abc import Iterator

import msgspec

from console.model.operation import TERMINAL
from console.model.request import (
    CleanUpCreation,
    CreateVirtualMachine,
    DownloadImage,
    DrainNode,
    PauseNode,
    ProveNodeEmpty,
    Request,
    ResumeNode,
    kind_of,
)
from console.worker.journal_chain import COLUMNS, chained
from console.worker.journal_lines import (
    Body,
    CancelAsked,
    GroupIntent,
    Intent,
    Line,
    Sending,
    StateEntered,
    StopAsked,
)

GROUP = "group"
RETENTION = "retention"

_encoder = msgspec.json.Encoder()


class AuditPhase(enum.StrEnum):
    ASKED = "asked"
    SENT = "sent"  # the call was about to leave: it may have
    CANCEL_ASKED = "cancel asked"
    STOP_ASKED = "stop asked"  # what had not begun of a group does not begin
    REFUSED = "refused"  # the console did not take the request: nothing was sent
    ENDED = "ended"
    PRUNED = "pruned"  # older rows were removed, as the stated bound says
    SALVAGED = "salvaged"  # the file was damaged: what follows was copied from what was readable


class AuditBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one entry tells beside its columns."""

    phase: AuditPhase
    request: Request | None = None
    group_id: str = ""
    retry_of: str = ""
    command: str = ""  # the API call or cmdlet, secrets masked
    outcome: str = ""  # the terminal state
    text: str = ""


class AuditSubject(msgspec.Struct, frozen=True):
    """Whose act, by which connection, of what kind, on what."""

    connection_id: str
    actor: str
    act: str
    target: str


class AuditEntry(msgspec.Struct, frozen=True):
    """One row as it is read back; ``at`` is wall-clock seconds."""

    seq: int
    at: float
    operation_id: str
    subject: AuditSubject
    body: AuditBody


_decoder: msgspec.json.Decoder[AuditBody] = msgspec.json.Decoder(AuditBody)


def target_of(request: Request) -> str:
    """What is acted on: its name as the person saw it, and the id that stays when names change."""
    match request:
        case CreateVirtualMachine(spec=spec) | CleanUpCreation(spec=spec):
            return f"{spec.name} in {spec.resource_group}"
        case DownloadImage(name=name, resource_group=group):
            return f"{name} in {group}"
        case DrainNode() | PauseNode() | ProveNodeEmpty() | ResumeNode():
            return request.node
        case _:
            return f"{request.vm_name} ({request.vm_key})"


def subject_of(body: Body) -> AuditSubject | None:
    """The subject that an intent begins; other lines belong to one that is known."""
    match body:
        case Intent(request=request, connection_id=connection, actor=actor):
            return AuditSubject(connection, actor, kind_of(request), target_of(request))
        case GroupIntent(title=title, connection_id=connection, actor=actor):
            return AuditSubject(connection, actor, GROUP, title)
        case _:
            return None


def body_of(body: Body) -> AuditBody | None:
    """The entry that a journal line asks for; None for lines that are no acts."""
    match body:
        case Intent(request=request, group_id=group_id, retry_of=retry_of):
            return AuditBody(AuditPhase.ASKED, request, group_id, retry_of)
        case GroupIntent():
            return AuditBody(AuditPhase.ASKED)
        case Sending(step=step, command=command):
            return AuditBody(AuditPhase.SENT, command=command, text=step)
        case CancelAsked():
            return AuditBody(AuditPhase.CANCEL_ASKED)
        case StopAsked():
            return AuditBody(AuditPhase.STOP_ASKED)
        case StateEntered(state=state, text=text) if state in TERMINAL:
            return AuditBody(AuditPhase.ENDED, outcome=state.value, text=text)
        case _:
            return None


class AuditLog:
    """Appends to the audit table inside the journal's own transactions. One thread at a time."""

    def __init__(self, connection: sqlite3.Connection, head: bytes) -> None:
        self._connection = connection
        self.head = head

    def follow(self, line: Line) -> None:
        """Add the entry that this journal line asks for, if it is an act."""
        body = body_of(line.body)
        if body is None:
            return
        subject = subject_of(line.body) or self._subject(line.operation_id)
        self.add(line.at, line.operation_id, subject, body)

    def add(self, at: float, operation_id: str, subject: AuditSubject, body: AuditBody) -> None:
        """Add one entry; durable with the open transaction."""
        content = (
            at,
            operation_id,
            subject.connection_id,
            subject.actor,
            subject.act,
            subject.target,
            _encoder.encode(body).decode(),
        )
        self.head = chained(self.head, content)
        self._connection.execute(
            "INSERT INTO audit (at, op_id, connection_id, actor, act, target, body, hash) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*content, self.head),
        )

    def _subject(self, operation_id: str) -> AuditSubject:
        """As its first entry tells; an operation older than the audit log has none."""
        found = self._connection.execute(
            "SELECT connection_id, actor, act, target FROM audit WHERE op_id = ? "
            "ORDER BY seq LIMIT 1",
            (operation_id,),
        ).fetchone()
        if found is not None:
            return AuditSubject(*found)
        older = self._connection.execute(
            "SELECT connection_id, kind FROM operation WHERE op_id = ?", (operation_id,)
        ).fetchone()
        connection, kind = older if older is not None else ("", "")
        return AuditSubject(connection, "", kind, "")


def entry_of(row: tuple[object, ...]) -> AuditEntry:
    """The entry in a row. Raises ValueError (msgspec's errors are such) if it does not decode."""
    seq, at, operation_id, connection, actor, act, target, body, _hash = row
    subject = AuditSubject(str(connection), str(actor), str(act), str(target))
    return AuditEntry(
        int(str(seq)), float(str(at)), str(operation_id), subject, _decoder.decode(str(body))
    )


def entries(connection: sqlite3.Connection) -> Iterator[AuditEntry]:
    """All entries, oldest first. Raises ValueError at one that does not decode."""
    rows = connection.execute(
        f"SELECT {COLUMNS['audit']} FROM audit ORDER BY seq"  # noqa: S608 - constant
    )
    for row in rows:
        yield entry_of(row)
