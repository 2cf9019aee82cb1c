"""After kill -9 with 12 moves and a creation unfinished: how soon the truth about each is told."""

import statistics
import tempfile
import time
from pathlib import Path

from console.model.operation import OperationState
from console.model.request import LiveMigrate, SecretField
from console.model.virtual_machine import PowerState, VmKind
from tests.benchmarks.row import Row
from tests.end_to_end.lab_process import running_lab
from tests.faults.creations import creation_requests
from tests.faults.real_console import Console, console_on

ROUNDS = 3
LIMIT = 5.0
MOVES = 12
_S = OperationState


def run() -> list[Row]:
    found = [_once() for _ in range(ROUNDS)]
    told, wires = (statistics.median(each) for each in zip(*found, strict=True))
    return [
        Row("recovery: both wires read again, after kill -9", wires, "s"),
        Row("recovery: the truth of 13 records told, after kill -9", told, "s", LIMIT),
    ]


def _once() -> tuple[float, float]:
    with (
        tempfile.TemporaryDirectory() as folder,
        running_lab("large") as lab,
        console_on(lab, Path(folder)) as console,
    ):
        return _measured(console)


def _measured(console: Console) -> tuple[float, float]:
    assert console.until(lambda: _is_read(console), 60)
    names = list(console.inventory.nodes)
    console.submit_group(*_moves(console, names))
    (creation,) = creation_requests(console, 1)
    console.submit(creation, {SecretField.ADMIN_PASSWORD.value: "Correct-Horse-7"})
    sent = {_S.RUNNING, _S.VERIFYING}
    assert console.until(
        lambda: sum(record.state in sent for record in console.records.values()) > 8, 60
    )
    starts = console.starts
    console.kill()
    killed = time.monotonic()
    assert console.until(lambda: console.starts > starts, 20)
    read_at = console.inventory.cluster_wire.read_at
    assert console.until(lambda: console.inventory.cluster_wire.read_at not in (None, read_at), 60)
    answered = time.monotonic()
    assert console.until(lambda: _is_told(console), 120)
    return time.monotonic() - killed, answered - killed


def _is_read(console: Console) -> bool:
    site = console.inventory.site
    placed = [vm for vm in console.inventory.vms.values() if vm.owner_node and vm.azure]
    return len(placed) > 1_900 and bool(site.images and site.storage_paths)


def _is_told(console: Console) -> bool:
    """Each is over, goes on and is watched, waits its turn, or was looked at and is unknown."""
    return all(
        name in console.renewed and (record.state is not _S.UNKNOWN or name in console.unknown)
        for name, record in console.records.items()
    )


def _moves(console: Console, names: list[str]) -> list[LiveMigrate]:
    moves = []
    for at in range(MOVES):
        source, target = names[at % 8], names[8 + at % 8]
        taken = {move.vm_key for move in moves}
        vm = next(
            vm
            for vm in console.inventory.vms_on(source)
            if vm.power is PowerState.RUNNING
            and vm.kind is VmKind.AZURE_LOCAL
            and vm.key not in taken
        )
        moves.append(LiveMigrate(vm.key, vm.name, source, target))
    return moves
