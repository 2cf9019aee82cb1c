"""The reckoning: what the console says, held against what the lab's world counted."""

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import msgspec

from console.model.operation import OperationRecord, OperationState
from console.model.request import (
    ChangePowerState,
    CreateVirtualMachine,
    DeleteVirtualMachine,
    DrainNode,
    LiveMigrate,
    Request,
    ResumeNode,
)
from console.worker.journal_schema import FILE_NAME
from tests.end_to_end.lab_process import Lab
from tests.faults.real_console import Console
from tests.faults.tally import Tally

S = OperationState
_NOT_DONE = (S.FAILED, S.BLOCKED, S.CANCELED)


def judge(console: Console, lab: Lab, what: str, unknown: set[str]) -> Tally:
    """Hold what the console says against what the world counted.

    ``unknown``: operations that were dismissed while they were said to be unknown.
    """
    states = Counter(record.state.value for record in console.records.values())
    tally = Tally(told=[f"{what}: {len(console.asked)} operations, {dict(states)}"])
    counters: dict[str, int] = lab.ask("counters")["counters"]
    vms = {vm["name"]: vm for vm in lab.ask("vms")["vms"]}
    movements = lab.ask("migrations")["migrations"]
    last_movers = {one["vm_id"]: one["operation_id"] for one in movements}

    def lost(text: str) -> None:
        tally.lost += 1
        tally.found.append(f"{what}: lost: {text}")

    def doubled(text: str) -> None:
        tally.doubled += 1
        tally.found.append(f"{what}: doubled: {text}")

    def wrong(text: str) -> None:
        tally.wrong += 1
        tally.found.append(f"{what}: wrong: {text}")

    for name, request in console.asked.items():
        record = console.records.get(name)
        if record is None:
            if name not in console.refused:
                lost(f"{name} {request}")
            continue
        if not record.is_over:
            lost(
                f"{record.title} stays {record.state}: {[step.text for step in record.steps[-3:]]}"
            )
        if name in unknown or record.result.startswith("The console stopped looking"):
            # Dismissed while nobody knew, and it says so: only a second execution would be wrong.
            record = msgspec.structs.replace(record, state=S.UNKNOWN)
        match request:
            case LiveMigrate():
                times = counters.get(f"migrate-for:{name}", 0)
                arrived = counters.get(f"arrive-for:{name}", 0)
                if times > 1:
                    doubled(f"{record.title}: sent {times} times")
                # A drain or another operation may have brought it there, or away again.
                if record.state is S.SUCCEEDED and not counters.get(f"arrive:{request.vm_key}"):
                    wrong(f"{record.title} succeeded, and never arrived: {record.result}")
                if (
                    record.state in _NOT_DONE
                    and arrived
                    and last_movers.get(request.vm_key) == name
                ):
                    wrong(f"{record.title} is {record.state}, and arrived: {record.result}")
                if record.state is S.BLOCKED and times:
                    wrong(f"{record.title} is blocked, and was sent")
            case CreateVirtualMachine(spec=spec):
                times = counters.get(f"create:{spec.name}", 0)
                if times > 1:
                    doubled(f"{record.title}: made {times} times")
                if record.state is S.SUCCEEDED and not times:
                    wrong(f"{record.title} succeeded, and was never made")
                if record.state is S.SUCCEEDED and spec.name in vms:
                    made = vms[spec.name]
                    if not (made["vtpm"] and made["secure_boot"]):
                        wrong(f"{record.title} succeeded without Trusted launch")
                if record.state is S.BLOCKED and times:
                    wrong(f"{record.title} is blocked, and was made")
            case DeleteVirtualMachine(vm_name=vm_name):
                if record.state is S.SUCCEEDED and vm_name in vms:
                    wrong(f"{record.title} succeeded, and it is there")
                if record.state is S.BLOCKED and vm_name not in vms and record.commands:
                    wrong(f"{record.title} is blocked, and was sent")
            case _:
                pass
    _judge_repeated(console, counters, doubled, wrong)
    return tally


def judge_what_was_told(
    told: Mapping[str, OperationRecord],
    unheard: Mapping[str, Request],
    lab: Lab,
    folder: Path,
    what: str,
) -> Tally:
    """What any window showed is in the journal; what none heard of was not done either."""
    tally = Tally()
    with contextlib.closing(sqlite3.connect(folder / FILE_NAME)) as connection:
        kept = {name for (name,) in connection.execute("SELECT op_id FROM operation")}
    for name in told.keys() - kept:
        tally.lost += 1
        tally.found.append(f"{what}: lost: {told[name].title} was shown and is not journalled")
    for name in unheard.keys() & kept:
        tally.lost += 1
        tally.found.append(f"{what}: lost: {unheard[name]} is journalled and was never shown")
    counters: dict[str, int] = lab.ask("counters")["counters"]
    for name, request in unheard.items():
        act = f"migrate-for:{name}"
        if isinstance(request, CreateVirtualMachine):
            act = f"create:{request.spec.name}"
        if counters.get(act):
            tally.wrong += 1
            tally.found.append(f"{what}: wrong: {request} was done, and nobody knows of it")
    return tally


def _judge_repeated(console: Console, counters: dict[str, int], doubled, wrong) -> None:  # type: ignore[no-untyped-def]
    """Acts that carry no id of ours: held against how many operations asked for them."""
    least: Counter[str] = Counter()
    most: Counter[str] = Counter()
    for name, request in console.asked.items():
        record = console.records.get(name)
        act = _act_of(request)
        if record is None or not act:
            continue
        was_sent = _was_sent(record)
        most[act] += was_sent
        least[act] += was_sent and record.state is S.SUCCEEDED
    for act in {*most, *(key for key in counters if key.partition(":")[0] in _ACTS)}:
        if counters.get(act, 0) > most[act]:
            doubled(f"{act}: {counters[act]} times for {most[act]} operations")
        if counters.get(act, 0) < least[act]:
            wrong(f"{act}: {least[act]} succeeded, and it happened {counters.get(act, 0)} times")


_ACTS = ("start", "stop", "restart", "suspend", "resume")


def _act_of(request: Request) -> str:
    match request:
        case ChangePowerState(vm_key=key, action=action):
            return f"{action}:{key}"
        case DrainNode(node=node):
            return f"suspend:{node}"
        case ResumeNode(node=node):
            return f"resume:{node}"
        case _:
            return ""


def _was_sent(record: OperationRecord) -> bool:
    """Whether its call may have left: only then may it have happened."""
    return any(step.text.startswith("Sending: ") for step in record.steps)
