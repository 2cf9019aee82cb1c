"""A live migration that this console did not start is seen, and ours is never taken for one."""

import msgspec

from console.model.foreign_move import ForeignMove, ForeignMoveState
from console.model.operation import OperationRecord, OperationState
from console.model.request import DrainNode, LiveMigrate, Request
from console.model.snapshot import SnapshotDelta
from console.model.virtual_machine import (
    ClusterFacts,
    Migration,
    PowerState,
    VirtualMachine,
    VmKind,
)
from console.worker.foreign_moves import ForeignMoves


class Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, _seconds: float) -> None:
        raise AssertionError("nothing here waits")


class Watched:
    """One VM as reading after reading shows it."""

    def __init__(self, owner: str = "N1") -> None:
        self.clock = Clock()
        self.ours: list[OperationRecord] = []
        self.told: list[tuple[ForeignMove, ...]] = []
        self.moves = ForeignMoves(lambda: self.ours, self.clock, self.told.append)
        self.known = {"vm": vm(owner)}

    def read(self, owner: str, migration: Migration | None = None) -> None:
        self.clock.at += 5
        seen = vm(owner, migration)
        self.moves.look(self.known, SnapshotDelta(upserted=(seen,)))
        self.known = {"vm": seen}

    @property
    def newest(self) -> ForeignMove:
        return self.told[-1][0]


def vm(owner: str, migration: Migration | None = None) -> VirtualMachine:
    facts = ClusterFacts("vm", owner, PowerState.RUNNING, migration=migration)
    return VirtualMachine("vm", "web-01", VmKind.AZURE_LOCAL, facts)


def record(request: Request) -> OperationRecord:
    return OperationRecord("op", request, "t", OperationState.RUNNING, 0.0)


def test_a_foreign_move_is_seen_from_its_start_to_its_arrival() -> None:
    site = Watched()
    site.read("N1", Migration("N2", 10))
    assert (site.newest.state, site.newest.source, site.newest.target, site.newest.percent) == (
        ForeignMoveState.MOVING,
        "N1",
        "N2",
        10,
    )
    site.read("N1", Migration("N2", 60))
    assert (site.newest.percent, site.newest.first_seen) == (60, 1005.0)
    site.read("N2")
    assert (site.newest.state, site.newest.last_seen) == (ForeignMoveState.ARRIVED, 1015.0)
    assert len(site.told[-1]) == 1


def test_one_that_ends_where_it_began_is_not_said_to_have_arrived() -> None:
    site = Watched()
    site.read("N1", Migration("N2", 10))
    site.read("N1")
    assert site.newest.state is ForeignMoveState.ENDED


def test_one_between_two_readings_is_seen_by_its_owner() -> None:
    site = Watched()
    site.read("N3")
    assert (site.newest.state, site.newest.source, site.newest.target) == (
        ForeignMoveState.NOT_SEEN,
        "N1",
        "N3",
    )


def test_our_own_move_is_not_foreign_even_if_its_reading_comes_late() -> None:
    site = Watched()
    site.ours = [record(LiveMigrate("vm", "web-01", "N1", "N2"))]
    site.read("N1", Migration("N2", 10))
    site.ours = []
    site.read("N2")
    assert site.told == []
    site.clock.at += 120
    site.read("N1", Migration("N2", 10))
    assert site.newest.state is ForeignMoveState.MOVING


def test_where_somebody_was_faster_the_move_that_goes_on_is_theirs() -> None:
    """Two consoles drag the same VM to two nodes: ours is refused, theirs is seen."""
    site = Watched()
    site.ours = [record(LiveMigrate("vm", "web-01", "N1", "N2"))]
    site.read("N1", Migration("", None))
    assert site.told == []
    site.read("N1", Migration("N3", 10))
    assert (site.newest.target, site.newest.state) == ("N3", ForeignMoveState.MOVING)
    site.ours = []
    site.read("N3")
    assert site.newest.state is ForeignMoveState.ARRIVED


def test_our_move_back_is_ours_as_well() -> None:
    site = Watched()
    site.ours = [record(LiveMigrate("vm", "web-01", "N1", "N2"))]
    site.read("N2")
    site.ours = [record(LiveMigrate("vm", "web-01", "N2", "N1"))]
    site.read("N2", Migration("N1", 10))
    site.read("N1")
    assert site.told == []


def test_what_our_drain_moves_is_ours() -> None:
    site = Watched()
    site.ours = [record(DrainNode("N1"))]
    site.read("N1", Migration("N2", 10))
    site.read("N2")
    assert site.told == []


def test_a_vm_seen_for_the_first_time_did_not_move() -> None:
    site = Watched()
    site.known = {}
    site.read("N1")
    assert site.told == []


def test_no_news_is_not_told_again() -> None:
    site = Watched()
    site.read("N1", Migration("N2", 10))
    seen = len(site.told)
    renamed = msgspec.structs.replace(site.known["vm"], name="web-02")
    site.ours = []
    site.moves.look(site.known, SnapshotDelta(upserted=(renamed,)))
    assert len(site.told) == seen + 1  # still moving, seen later: its age is news
