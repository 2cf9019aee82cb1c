"""The audit log holds every act with its outcome, and shows whatever was changed in it."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from console.model.freshness import Fault
from console.model.operation import OperationState
from console.model.request import LiveMigrate, PauseNode, ProveNodeEmpty, Request
from console.worker import archive, audit_command, audit_log
from console.worker.audit_log import AuditPhase
from console.worker.journal_lines import (
    Accepted,
    CancelAsked,
    GroupIntent,
    Intent,
    Line,
    Sending,
    StateEntered,
    StopAsked,
)
from console.worker.journal_salvage import open_store
from console.worker.journal_schema import FILE_NAME
from console.worker.journal_store import JournalStore
from console.worker.retention import Bound
from tests.unit.worker.fakes import Bench, Move, World

S = OperationState


class Anchored:
    """Credentials that remember one anchor, or none."""

    def __init__(self, anchor: tuple[int, str] | None = None) -> None:
        self.anchor = anchor

    def recall_anchor(self, _folder: str) -> tuple[int, str] | None:
        return self.anchor


def act(name: str) -> list[Line]:
    request = LiveMigrate("vm-key", "web-01", "N1", "N2")
    return [
        Line(name, 1.0, Intent(request, "Move web-01 to N2", "lab", actor="ann")),
        Line(name, 2.0, StateEntered(S.CHECKING)),
        Line(name, 3.0, StateEntered(S.RUNNING)),
        Line(name, 4.0, Sending("migrate", "Move-ClusterVirtualMachineRole web-01")),
        Line(name, 5.0, Accepted("migrate", "token")),
        Line(name, 6.0, CancelAsked("ann")),
        Line(name, 7.0, StateEntered(S.SUCCEEDED, "It runs on N2.")),
    ]


def written(folder: Path, count: int = 5) -> tuple[int, str]:
    store = JournalStore(folder / FILE_NAME)
    assert store.append([act(f"op-{number}") for number in range(count)]) == [None] * count
    anchor = store.anchor
    store.close()
    return anchor


def verified(folder: Path, anchor: tuple[int, str] | None = None) -> tuple[int, str]:
    said: list[str] = []
    code = audit_command.verify(folder, said.append, Anchored(anchor))  # type: ignore[arg-type]
    return code, "\n".join(said)


def changed(folder: Path, *statements: str) -> None:
    """Change the file as somebody would who knows SQL and wants to hide an act."""
    with contextlib.closing(sqlite3.connect(folder / FILE_NAME)) as connection:
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_every_act_is_told_with_actor_target_and_outcome(tmp_path: Path) -> None:
    written(tmp_path, 1)
    with contextlib.closing(archive.reader(tmp_path)) as connection:
        entries = list(audit_log.entries(connection))
    assert [entry.body.phase for entry in entries] == [
        AuditPhase.ASKED,
        AuditPhase.SENT,
        AuditPhase.CANCEL_ASKED,
        AuditPhase.ENDED,
    ]
    subjects = {entry.subject for entry in entries}
    assert len(subjects) == 1
    subject = subjects.pop()
    assert (subject.actor, subject.act, subject.target) == (
        "ann",
        "live_migrate",
        "web-01 (vm-key)",
    )
    assert entries[0].body.request == LiveMigrate("vm-key", "web-01", "N1", "N2")
    assert (entries[-1].body.outcome, entries[-1].body.text) == ("Succeeded", "It runs on N2.")


def test_a_group_is_an_act_too() -> None:
    line = GroupIntent("Move 3 VMs", "lab", "ann")
    subject = audit_log.subject_of(line)
    assert subject is not None
    assert (subject.act, subject.target) == ("group", "Move 3 VMs")
    assert audit_log.body_of(Accepted("migrate", "token")) is None
    stop = audit_log.body_of(StopAsked("ann"))
    assert stop is not None
    assert stop.phase is AuditPhase.STOP_ASKED


@pytest.mark.parametrize("request_", [PauseNode("N1"), ProveNodeEmpty("N1")])
def test_an_act_on_a_node_names_it(request_: Request) -> None:
    assert audit_log.target_of(request_) == "N1"


def test_a_whole_log_is_said_to_be_whole(tmp_path: Path) -> None:
    anchor = written(tmp_path)
    code, said = verified(tmp_path, anchor)
    assert code == 0
    assert "20 entries up to number 20" in said
    assert "remembers entry 20" in said


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("UPDATE audit SET actor = 'bob' WHERE seq = 7", 7),
        ("UPDATE audit SET body = replace(body, 'N2', 'N3') WHERE seq = 9", 9),
        ("UPDATE audit SET at = at + 1 WHERE seq = 1", 1),
        ("DELETE FROM audit WHERE seq = 5", 5),
        ("DELETE FROM audit WHERE seq = 1", 1),
        ("UPDATE audit SET seq = -seq WHERE seq IN (3, 4)", 3),
        ("DELETE FROM audit WHERE seq > 15", 16),
    ],
)
def test_the_first_broken_entry_is_named(tmp_path: Path, statement: str, number: int) -> None:
    written(tmp_path)
    changed(tmp_path, statement)
    code, said = verified(tmp_path)
    assert code == 1
    assert f"BROKEN at entry {number}" in said


def test_a_cut_end_shows_in_the_keyring_even_if_the_counter_was_set_back(tmp_path: Path) -> None:
    anchor = written(tmp_path)
    changed(
        tmp_path,
        "DELETE FROM audit WHERE seq > 15",
        "UPDATE sqlite_sequence SET seq = 15 WHERE name = 'audit'",
    )
    assert verified(tmp_path)[0] == 0
    code, said = verified(tmp_path, anchor)
    assert code == 1
    assert "remembers entry 20, which is gone" in said


def test_a_log_written_anew_shows_in_the_keyring(tmp_path: Path) -> None:
    (number, _digest) = written(tmp_path)
    code, said = verified(tmp_path, (number, "00" * 32))
    assert code == 1
    assert "with another content" in said


def test_without_a_journal_nothing_is_claimed(tmp_path: Path) -> None:
    assert verified(tmp_path)[0] == 2


def test_pruning_keeps_both_chains_whole_and_says_so(tmp_path: Path) -> None:
    store = JournalStore(tmp_path / FILE_NAME)
    store.append([act("early")[:1]])  # stays unfinished, whatever its age
    store.append([act(f"op-{number}") for number in range(60)])
    bound = Bound(operations=10, audit_entries=100, slack=5, at_once=7)
    assert store.is_pruning_due(bound)
    while store.prune_some(9.0, bound):
        assert store.first_broken() is None
    assert not store.is_pruning_due(bound)
    assert [lines[0].operation_id for lines in store.unfinished("lab")] == ["early"]
    kept = store.newest("lab", 100).operations
    assert [lines[0].operation_id for lines in kept][1:] == [f"op-{n}" for n in range(50, 60)]
    store.append([act("later")])
    store.close()
    code, said = verified(tmp_path)
    assert code == 0, said
    assert "were removed by the stated bound" in said
    changed(tmp_path, "UPDATE event SET at = 0 WHERE op_id = 'early'")
    assert verified(tmp_path)[0] == 1


def test_a_group_goes_with_the_last_of_its_operations(tmp_path: Path) -> None:
    store = JournalStore(tmp_path / FILE_NAME)
    request = LiveMigrate("vm-key", "web-01", "N1", "N2")
    store.append([[Line("g", 0.0, GroupIntent("Two", "lab", "ann"))]])
    for name in ("a", "b"):
        first, *rest = act(name)
        grouped = Intent(request, "t", "lab", actor="ann", group_id="g")
        store.append([[Line(name, first.at, grouped), *rest]])
    one = Bound(operations=1, audit_entries=1000, slack=0, at_once=1)
    assert store.prune_some(9.0, one)
    assert store.lines_of("a") == []
    assert store.lines_of("g") != []
    assert store.prune_some(9.0, Bound(operations=0, audit_entries=1000, slack=0))
    assert store.lines_of("g") == []
    assert store.first_broken() is None
    store.close()


def test_a_salvaged_journal_keeps_its_audit_log(tmp_path: Path) -> None:
    written(tmp_path)
    changed(tmp_path, "UPDATE event SET body = '{' WHERE seq = 12")
    store, faults = open_store(tmp_path)
    store.close()
    assert faults
    with contextlib.closing(archive.reader(tmp_path)) as connection:
        entries = list(audit_log.entries(connection))
    assert [entry.body.phase for entry in entries][-1] is AuditPhase.SALVAGED
    assert len(entries) == 21
    assert verified(tmp_path)[0] == 0


async def test_a_refused_request_is_in_the_log(tmp_path: Path) -> None:
    class Refusing(Move):
        def title(self, request: LiveMigrate) -> str:
            raise ValueError("no title for this")

    async with Bench(tmp_path, World({"vm": "N1"}), operation=Refusing()) as bench:
        await bench.submit("op", "vm", "N1", "N2")
        (refused,) = bench.refused
        assert isinstance(refused.fault, Fault)
    with contextlib.closing(archive.reader(tmp_path)) as connection:
        (entry,) = audit_log.entries(connection)
    assert (entry.body.phase, entry.operation_id) == (AuditPhase.REFUSED, "op")
    assert entry.subject.actor == "ann"
