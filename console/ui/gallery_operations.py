"""Operations for pictures: a group, a standstill, moves by others, and as many as asked for."""

import time
from collections.abc import Iterator

import msgspec

from console.model.finding import Finding, Severity
from console.model.foreign_move import ForeignMove, ForeignMoveState
from console.model.freshness import Fault, FaultCode
from console.model.operation import (
    NO_PROGRESS,
    WAITS,
    DrainProgress,
    GroupRecord,
    MoveProgress,
    OperationRecord,
    OperationState,
    Progress,
    StepEntry,
)
from console.model.request import (
    CreateVirtualMachine,
    DomainJoinSpec,
    DrainNode,
    LiveMigrate,
    MoveMethod,
    PauseNode,
    ProveNodeEmpty,
    VirtualMachineSpec,
)
from console.model.snapshot import ClusterSnapshot
from console.ui.store import Store

_S = OperationState
_STATES = (
    _S.SUCCEEDED, _S.FAILED, _S.BLOCKED, _S.UNKNOWN, _S.RUNNING, _S.QUEUED, _S.CANCELED,
)  # fmt: skip
_replace = msgspec.structs.replace


def moves(snapshot: ClusterSnapshot) -> Iterator[LiveMigrate]:
    """Moves of the snapshot's VMs to another node, again and again."""
    nodes = [node.name for node in snapshot.nodes]
    vms = [vm for vm in snapshot.vms if vm.owner_node]
    while True:
        for vm in vms:
            target = next(name for name in nodes if name != vm.owner_node)
            yield LiveMigrate(vm.key, vm.name, vm.owner_node or "", target)


def record(name: str, request: LiveMigrate, state: OperationState, age_s: float) -> OperationRecord:
    """A move asked for ``age_s`` seconds ago that stands in this state now."""
    at = time.time() - age_s
    is_running = state is _S.RUNNING
    fault = None
    if state is _S.FAILED:
        text = "The target node failed while memory was copied."
        fault = Fault(FaultCode.REJECTED, text, "Look at the target, then retry.", "It still runs.")
    elif state is _S.UNKNOWN:
        text = "Contact was lost while it ran: it may have gone on."
        fault = Fault(FaultCode.LOST, text, "The console keeps looking.", "Nothing is sent again.")
    findings: tuple[Finding, ...] = ()
    if state is _S.BLOCKED:
        text = f"{request.target} has 3 GiB free, 8 GiB are needed (0x800705AA)."
        findings = (Finding("node_has_memory", Severity.BLOCKS, text, "Choose another node."),)
    is_waiting = state is _S.QUEUED
    steps = (
        StepEntry(at, _S.QUEUED, "Asked for"),
        StepEntry(at + 1, _S.CHECKING, "Checking"),
        StepEntry(at + 2, _S.RUNNING, "Setup"),
        StepEntry(at + 4, _S.RUNNING, "Memory", "pass 1"),
    )
    return OperationRecord(
        id=name,
        request=request,
        title=f"Move {request.vm_name} to {request.target}",
        state=state,
        created_at=at,
        actor="operator",
        started_at=None if is_waiting else at + 2,
        ended_at=at + 30 if state not in (_S.RUNNING, _S.QUEUED, _S.UNKNOWN) else None,
        progress=Progress("Memory", 0.42, "pass 2", 5.0) if is_running else None,
        queue_position=3 if is_waiting else None,
        can_cancel=is_running or is_waiting,
        findings=findings,
        fault=fault,
        result="On the target: running, Secure Boot, vTPM and its state as before."
        if state is _S.SUCCEEDED
        else "",
        commands=(f"Start-TlcLiveMigration -VMId {request.vm_key}",),
        steps=steps[:1] if is_waiting else steps,
    )


def fill(store: Store, snapshot: ClusterSnapshot, count: int) -> None:
    """Put ``count`` operations in every state into the store; from 10 on the first 12 are a group,
    and one stands still.
    """
    wanted = moves(snapshot)
    records = [
        record(f"{at:08x}-0000-4000-8000-000000000000", next(wanted), _STATES[at % 7], 600.0 - at)
        for at in range(count)
    ]
    if count >= 10:
        group = GroupRecord("g" * 8, "Move 12 VMs to LAB-N3", time.time() - 30, "operator")
        store.groups_known(group)
        states = (*(_S.SUCCEEDED,) * 7, _S.FAILED, _S.FAILED, _S.RUNNING, _S.QUEUED, _S.QUEUED)
        for at, state in enumerate(states):
            part = record(f"part-{at}", next(wanted), state, 30.0 - at / 100)
            records.append(_replace(part, group_id=group.id))
        still = record("still", next(wanted), _S.RUNNING, 400.0)
        step = StepEntry(time.time() - 20, _S.RUNNING, f"{NO_PROGRESS} 180 s: it is being watched")
        records.append(_replace(still, steps=(*still.steps, step)))
    store.operation_changed(*records)
    store.history_known(time.time() - 86_400 if count else None)


def fill_foreign(store: Store, snapshot: ClusterSnapshot) -> None:
    """Two moves that somebody else started."""
    wanted, now = moves(snapshot), time.time()
    first, second = next(wanted), next(wanted)
    state = ForeignMoveState
    store.foreign_moves_seen(
        (
            ForeignMove(
                first.vm_key, first.vm_name, first.source, first.target, state.MOVING,
                now - 12, now - 2, 37,
            ),
            ForeignMove(
                second.vm_key, second.vm_name, second.source, second.target, state.ENDED,
                now - 300, now - 240,
            ),
        )
    )  # fmt: skip


def failed_creations(snapshot: ClusterSnapshot) -> list[OperationRecord]:
    """Two creations of a group that came to nothing, one of them into a domain."""
    join = DomainJoinSpec("contoso.example", "joiner@contoso.example")
    specs = [
        VirtualMachineSpec(name, "s", "g", "l", "c", domain_join=joined)
        for name, joined in (("web-70", None), ("web-71", join))
    ]
    return [
        OperationRecord(
            spec.name, CreateVirtualMachine(spec), f"Create {spec.name}", _S.FAILED, time.time()
        )
        for spec in specs
    ]


def fill_moving(store: Store, snapshot: ClusterSnapshot) -> None:
    """Moves in every phase, one waiting, one that does not converge, one being cancelled."""
    asked = moves(snapshot)
    told = (
        (_S.RUNNING, Progress("Memory", 0.42, move=MoveProgress(2, 4_300, 5_900, 410.0))),
        (_S.RUNNING, Progress("Memory", 0.71, move=MoveProgress(6, 9_000, 800, 390.0, False))),
        (_S.RUNNING, Progress("Blackout", 0.97)),
        (_S.VERIFYING, Progress("Verifying", 1.0, move=MoveProgress(blackout_ms=180.0))),
        (_S.QUEUED, None),
        (_S.QUEUED, None),
        (_S.RUNNING, Progress("Setup", 0.02)),
    )
    for at, (state, progress) in enumerate(told):
        made = record(f"moving-{at}", next(asked), state, 30.0 - at)
        waits = at - 3 if state is _S.QUEUED else None
        is_last = at == len(told) - 1
        store.operation_changed(
            _replace(made, progress=progress, queue_position=waits, cancel_requested=is_last)
        )


def fill_plan(store: Store, snapshot: ClusterSnapshot) -> str:
    """A node that is being emptied by its plan, and one that is drained; the group's id."""
    asked, at = moves(snapshot), time.time() - 60
    node = snapshot.nodes[0].name
    group = GroupRecord("p" * 8, f"Empty {node}", at, "operator")
    store.groups_known(group)
    pause = OperationRecord(
        "pause", PauseNode(node), f"Pause {node}", _S.SUCCEEDED, at, "operator", group.id,
        started_at=at, ended_at=at + 3,
        result=f"{node} is paused and closed to Azure; what runs on it stays there.",
    )  # fmt: skip
    store.operation_changed(pause)
    quick = Progress("Saving", 0.1)
    for number in range(4):
        state = (_S.SUCCEEDED, _S.RUNNING, _S.RUNNING, _S.QUEUED)[number]
        made = record(f"move-{number}", next(asked), state, 50.0 - number)
        made = _replace(made, group_id=group.id, after=("pause",))
        if number == 2:
            request = _replace(made.request, method=MoveMethod.QUICK)
            made = _replace(made, request=request, title=f"{made.title} (quick)", progress=quick)
            made = _replace(made, can_cancel=False)
        store.operation_changed(made)
    step = StepEntry(at, _S.QUEUED, f"{WAITS[0]} 3 operations to end")
    store.operation_changed(
        OperationRecord(
            "proof", ProveNodeEmpty(node), f"Prove that {node} may be rebooted", _S.QUEUED, at,
            "operator", group.id, queue_position=1, can_cancel=True, steps=(step,),
        )
    )  # fmt: skip
    other = snapshot.nodes[1].name
    drain = DrainProgress(("app-02", "app-06"), ("sql-01", "web-01"), (("sql-01", "no room"),))
    store.operation_changed(
        OperationRecord(
            "drain", DrainNode(other), f"Drain {other}", _S.RUNNING, at, "operator", started_at=at,
            progress=Progress("Draining", 0.5, "2 of 4 have left", drain=drain),
        )
    )  # fmt: skip
    store.history_known(None)
    return group.id
