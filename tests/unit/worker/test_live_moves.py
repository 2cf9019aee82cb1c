"""Moves judged while the mouse is down: on fresh readings, the newest question only."""

import asyncio
from collections.abc import Sequence

import msgspec

from console.backends import Backend, BackendError
from console.channel.messages import CheckMoves, MovesChecked
from console.lab.world.clock import MovableClock
from console.lab.world.scenarios import make_site
from console.model.finding import Finding, Severity, Verdict
from console.model.freshness import Fault, FaultCode, Wire
from console.model.inventory import Inventory
from console.model.snapshot import ClusterSnapshot
from console.worker.live_moves import ID, LiveMoves
from tests.unit.worker.fakes import FastClock
from tests.world_backend import WorldBackend


class SiteClock(FastClock):
    def __init__(self, clock: MovableClock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.now()


class SlowBackend(WorldBackend):
    """Answers a look when it is let go."""

    gate: asyncio.Event | None = None
    looks = 0

    async def read_some(self, vm_keys: Sequence[str], nodes: Sequence[str]) -> ClusterSnapshot:
        self.looks += 1
        if self.gate is not None:
            await self.gate.wait()
        return await super().read_some(vm_keys, nodes)


class Desk:
    """A site that was read once, and live looks at it."""

    def __init__(self) -> None:
        self.clock = MovableClock(1_800_000_000.0)
        self.site = make_site("small", self.clock)
        self.site.settings.is_migration_encrypted = True
        self.backend = SlowBackend(self.site)
        self.inventory = Inventory()
        self.said: list[MovesChecked] = []
        self.vm = self.site.find_vm("app-01")
        assert self.vm is not None
        self.key = self.vm.vm_id

    async def open(self) -> LiveMoves:
        self.inventory.replace(await self.backend.read_snapshot(frozenset(Wire)))
        ready: asyncio.Future[Backend] = asyncio.get_running_loop().create_future()
        ready.set_result(self.backend)
        return LiveMoves(
            backend=ready,
            inventory=self.inventory,
            unfinished=tuple,
            clock=SiteClock(self.clock),
            send=self.said.append,
            clean=_without_word,
            at_most_s=5.0,
        )

    def verdicts(self) -> dict[str, Verdict]:
        return {each.node: each.verdict for each in self.said[-1].verdicts}

    def texts(self, node: str) -> list[str]:
        (verdict,) = (each for each in self.said[-1].verdicts if each.node == node)
        return [each.text for each in verdict.findings if each.severity is not Severity.FINE]


def _without_word(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(
        msgspec.structs.replace(each, evidence=each.evidence.replace("hunter2", "•"))
        for each in findings
    )


async def test_what_changed_since_the_snapshot_is_seen() -> None:
    desk = Desk()
    live = await desk.open()
    assert desk.vm is not None
    others = [node for node in desk.site.nodes if node != desk.vm.owner]
    desk.site.suspend_node(others[0], False)
    desk.site.nodes[others[1]].igvm_agent = "Stopped"
    await live.ask(CheckMoves("one", (desk.key,), tuple(others[:2])))
    assert desk.said[-1].token == "one"
    assert desk.verdicts() == {others[0]: Verdict.CANNOT, others[1]: Verdict.CANNOT}
    assert any("paused" in text for text in desk.texts(others[0]))
    # What is known for the views is the watcher's business, and stays.
    assert desk.inventory.nodes[others[0]].state.value == "Up"


async def test_without_targets_every_node_answers_and_a_healthy_one_fits() -> None:
    desk = Desk()
    live = await desk.open()
    await live.ask(CheckMoves("one", (desk.key,)))
    assert set(desk.verdicts()) == set(desk.site.nodes)
    verdicts = desk.verdicts()
    assert desk.vm is not None
    assert verdicts.pop(desk.vm.owner) is Verdict.CANNOT
    # A known issue of the lab's release is a note on every move.
    assert set(verdicts.values()) == {Verdict.FITS_WITH_NOTES}


async def test_a_vm_that_was_moved_meanwhile_is_judged_where_it_is() -> None:
    desk = Desk()
    live = await desk.open()
    assert desk.vm is not None
    target = next(name for name in desk.site.nodes if name != desk.vm.owner)
    desk.vm.owner = target
    await live.ask(CheckMoves("one", (desk.key,), (target,)))
    assert desk.texts(target) == [f"app-01 is already on {target}."]


async def test_a_vm_that_is_gone_fits_nowhere() -> None:
    desk = Desk()
    live = await desk.open()
    with desk.site.look():
        del desk.site.vms[desk.key]
    await live.ask(CheckMoves("one", (desk.key,)))
    assert set(desk.verdicts().values()) == {Verdict.UNKNOWN}


async def test_a_node_that_does_not_answer_now_is_not_known() -> None:
    desk = Desk()
    live = await desk.open()
    assert desk.vm is not None
    silent = next(name for name in desk.site.nodes if name != desk.vm.owner)
    desk.site.nodes[silent].is_frozen = True
    await live.ask(CheckMoves("one", (desk.key,)))
    assert desk.verdicts()[silent] is Verdict.UNKNOWN


async def test_only_the_newest_question_is_answered_and_looks_never_pile_up() -> None:
    desk = Desk()
    live = await desk.open()
    desk.backend.gate = asyncio.Event()
    asked = [
        asyncio.ensure_future(live.ask(CheckMoves(str(number), (desk.key,)))) for number in range(9)
    ]
    await asyncio.sleep(0)
    desk.backend.gate.set()
    await asyncio.gather(*asked)
    assert [message.token for message in desk.said] == ["8"]
    assert desk.backend.looks == 2
    await live.ask(CheckMoves("later", (desk.key,)))
    assert desk.said[-1].token == "later"


async def test_a_wire_that_is_down_leaves_nothing_green_and_says_why() -> None:
    desk = Desk()
    live = await desk.open()

    async def refuse(_keys: Sequence[str], _nodes: Sequence[str]) -> ClusterSnapshot:
        raise BackendError(Fault(FaultCode.TIMED_OUT, "No node answers.", detail="hunter2"))

    desk.backend.read_some = refuse  # type: ignore[method-assign]
    await live.ask(CheckMoves("one", (desk.key,)))
    assert desk.vm is not None
    verdicts = desk.verdicts()
    assert verdicts.pop(desk.vm.owner) is Verdict.CANNOT
    assert set(verdicts.values()) == {Verdict.UNKNOWN}
    first = desk.said[-1].verdicts[0].findings[0]
    assert (first.check, first.evidence) == (ID, "•")
    assert first.text == "No node answers. Whether it still fits is not known."


async def test_a_bug_while_looking_is_no_green_light() -> None:
    desk = Desk()
    live = await desk.open()

    async def break_(_keys: Sequence[str], _nodes: Sequence[str]) -> ClusterSnapshot:
        raise ZeroDivisionError

    desk.backend.read_some = break_  # type: ignore[method-assign]
    await live.ask(CheckMoves("one", (desk.key,)))
    assert not {Verdict.FITS, Verdict.FITS_WITH_NOTES} & set(desk.verdicts().values())


async def test_nobody_waits_longer_than_so_and_the_reading_is_not_broken_off() -> None:
    desk = Desk()
    live = await desk.open()
    live._at_most_s = 0.01
    desk.backend.gate = asyncio.Event()
    await live.ask(CheckMoves("one", (desk.key,)))
    assert desk.vm is not None
    verdicts = desk.verdicts()
    assert verdicts.pop(desk.vm.owner) is Verdict.CANNOT
    assert set(verdicts.values()) == {Verdict.UNKNOWN}
    (late,) = live._readings
    desk.backend.gate.set()
    assert (await late).vms
    desk.backend.gate = asyncio.Event()
    await live.ask(CheckMoves("two", (desk.key,)))
    await live.close()
    assert not live._readings
