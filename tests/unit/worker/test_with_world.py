"""The engine with the real operations and checks over the lab's world: done once, seen truly."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from console import checks, operations
from console.backends import Backend
from console.channel.messages import (
    Cancel,
    Open,
    OperationChanged,
    OperationsListed,
    SnapshotChanged,
    SnapshotReplaced,
    Submit,
    ToWindow,
)
from console.channel.packing import unpacked_change
from console.lab.world.clock import RealClock
from console.lab.world.scenarios import make_site
from console.lab.world.site import Site
from console.model.connection import ConnectionKind, ConnectionProfile
from console.model.inventory import Inventory
from console.model.operation import OperationRecord, OperationState
from console.model.request import ChangePowerState, DrainNode, LiveMigrate, PowerAction
from console.model.virtual_machine import PowerState, VirtualMachine, VmKind
from console.worker.engine import Engine
from console.worker.redaction import Redaction
from tests.unit.worker.fakes import Memory
from tests.world_backend import WorldBackend

S = OperationState
T = TypeVar("T", bound=ToWindow)
SPEED = 100.0


class WorldTime:
    """The worker's clock runs with the world's."""

    def __init__(self, clock: RealClock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.now()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / SPEED)


class Console:
    """One life of the worker's engine over a site, and the window's inventory."""

    def __init__(self, folder: Path, site: Site, clock: RealClock) -> None:
        self.site = site
        self.backend = WorldBackend(site)
        self.inventory = Inventory()
        self.records: dict[str, OperationRecord] = {}
        self._changed = asyncio.Event()
        self.opening = Open(
            ConnectionProfile("lab", "Lab", ConnectionKind.LAB), str(folder), actor="ann"
        )
        self.engine = Engine(
            send=self._take,
            is_congested=lambda: False,
            open_backend=self._open_backend,
            credentials=Memory(),
            operation_for=operations.operation_for,
            run_checks=checks.run_all,
            clock=WorldTime(clock),
            redaction=Redaction(),
        )

    async def __aenter__(self) -> "Console":
        await self.engine.handle(self.opening)
        await self.until(lambda: bool(self.inventory.vms))
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.engine.close()

    async def _open_backend(self, _opening: Open) -> Backend:
        backend: Any = self.backend
        return backend  # type: ignore[no-any-return]

    def _take(self, message: ToWindow) -> None:
        match message:
            case SnapshotReplaced(snapshot=snapshot):
                self.inventory.replace(snapshot)
            case SnapshotChanged():
                self.inventory.apply(unpacked_change(message))
            case OperationChanged(record=record):
                self.records[record.id] = record
            case OperationsListed(records=records):
                self.records.update((record.id, record) for record in records)
            case _:
                pass
        self._changed.set()

    async def until(self, condition: Callable[[], bool], seconds: float = 30) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            pytest.fail(f"{self.records}")

    async def over(self, *names: str) -> list[OperationRecord]:
        await self.until(lambda: all(name in self.records for name in names))
        await self.until(lambda: all(self.records[name].is_over for name in names))
        return [self.records[name] for name in names]

    def movable(self, node: str) -> list[VirtualMachine]:
        return sorted(
            (
                vm
                for vm in self.inventory.vms_on(node)
                if vm.kind is VmKind.AZURE_LOCAL
                and vm.power is PowerState.RUNNING
                and vm.cluster is not None
                and not vm.cluster.has_checkpoints
                and vm.cluster.migration is None
            ),
            key=lambda vm: vm.name,
        )

    async def move(self, name: str, vm: VirtualMachine, target: str) -> None:
        assert vm.owner_node is not None
        await self.engine.handle(Submit(name, LiveMigrate(vm.key, vm.name, vm.owner_node, target)))


@pytest.fixture
def clock() -> RealClock:
    return RealClock(SPEED)


async def test_moves_arrive_and_the_tiles_follow(tmp_path: Path, clock: RealClock) -> None:
    site = make_site("small", clock)
    async with Console(tmp_path, site, clock) as console:
        source, target = list(console.inventory.nodes)[:2]
        vms = console.movable(source)[:4]
        for vm in vms:
            await console.move(f"op-{vm.key}", vm, target)
        for record in await console.over(*(f"op-{vm.key}" for vm in vms)):
            assert record.state is S.SUCCEEDED, record
        await console.until(
            lambda: all(console.inventory.vms[vm.key].owner_node == target for vm in vms)
        )
        for vm in vms:
            assert site.counters[f"migrate:{vm.key}"] == 1


async def test_a_console_that_dies_in_the_middle_takes_its_moves_up_again(
    tmp_path: Path, clock: RealClock
) -> None:
    site = make_site("small", clock)
    async with Console(tmp_path, site, clock) as console:
        source, target = list(console.inventory.nodes)[:2]
        vms = console.movable(source)[:4]
        names = [f"op-{vm.key}" for vm in vms]
        for name, vm in zip(names, vms, strict=True):
            await console.move(name, vm, target)
        await console.until(lambda: any(r.state is S.RUNNING for r in console.records.values()))
        await asyncio.sleep(0.03)
    async with Console(tmp_path, site, clock) as console:
        for record in await console.over(*names):
            assert record.state is S.SUCCEEDED, record
    for vm in vms:
        assert site.counters[f"migrate:{vm.key}"] == 1
        assert site.vms[vm.key].owner == target


async def test_an_answer_lost_after_the_act_is_found_by_looking(
    tmp_path: Path, clock: RealClock
) -> None:
    site = make_site("small", clock)
    async with Console(tmp_path, site, clock) as console:
        source, target = list(console.inventory.nodes)[:2]
        vm = console.movable(source)[0]
        site.faults.answer_lost_after_act = 1
        await console.move("op", vm, target)
        (record,) = await console.over("op")
        assert record.state is S.SUCCEEDED, record
    assert site.counters[f"migrate:{vm.key}"] == 1


async def test_power_drain_and_cancel(tmp_path: Path, clock: RealClock) -> None:
    site = make_site("small", clock)
    async with Console(tmp_path, site, clock) as console:
        first, second, third = list(console.inventory.nodes)[:3]
        vm = console.movable(first)[0]
        stop = ChangePowerState(vm.key, vm.name, PowerAction.STOP)
        await console.engine.handle(Submit("stop", stop))
        (stopped,) = await console.over("stop")
        assert stopped.state is S.SUCCEEDED, stopped
        await console.until(lambda: console.inventory.vms[vm.key].power is PowerState.STOPPED)
        await console.engine.handle(Submit("drain", DrainNode(third)))
        moved = console.movable(first)[1]
        await console.move("move", moved, second)
        await console.until(lambda: console.records["move"].state is S.RUNNING)
        await console.engine.handle(Cancel("move"))
        drained, canceled = await console.over("drain", "move")
        assert drained.state is S.SUCCEEDED, drained
        assert canceled.state in (S.CANCELED, S.SUCCEEDED), canceled
        assert site.vms[moved.key].owner == (first if canceled.state is S.CANCELED else second)
