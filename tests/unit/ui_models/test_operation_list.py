"""Rows, groups, filters and expected times of the operations drawer, without any widget."""

import msgspec
import pytest

from console.model.foreign_move import ForeignMove, ForeignMoveState
from console.model.freshness import Fault, FaultCode
from console.model.operation import (
    NO_PROGRESS,
    GroupRecord,
    MoveProgress,
    OperationRecord,
    OperationState,
    Progress,
    StepEntry,
)
from console.model.request import ChangePowerState, LiveMigrate, PowerAction
from console.ui.models import operation_words as words
from console.ui.models.expected_time import expected_text, usual
from console.ui.models.operation_cells import GroupCell, group_title
from console.ui.models.operation_filter import Bucket, OperationFilter, Who
from console.ui.models.operation_list import OperationList
from console.ui.models.operation_rows import Child, TopRow, runs, spans
from console.worker.journal_lines import MAX_STEPS

S = OperationState
replace = msgspec.structs.replace


def record(name: str, state: OperationState = S.SUCCEEDED, **more: object) -> OperationRecord:
    known: dict[str, object] = {"created_at": 100.0, "actor": "ann", "group_id": ""}
    request = LiveMigrate(f"key-{name}", f"vm-{name}", "N1", "N2")
    return OperationRecord(
        name,
        request,
        f"Move vm-{name} to N2",
        state,
        **{**known, **more},  # type: ignore[arg-type]
    )


class Desk:
    """A list over records that are put in one by one."""

    def __init__(self) -> None:
        self.operations: dict[str, OperationRecord] = {}
        self.groups = {"g": GroupRecord("g", "Move some VMs", 90.0, "ann")}
        self.list = OperationList(self.operations, self.groups, lambda: "ann")

    def put(self, *records: OperationRecord) -> TopRow:
        for one in records:
            self.operations[one.id] = one
            top, _child = self.list.place(one)
        return top

    def shown(self) -> set[str]:
        return {top.id for top in self.list.tops.values() if self.list.is_wanted(top)}


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_group_is_one_row_with_its_counts(desk: Desk) -> None:
    states = [S.SUCCEEDED] * 9 + [S.FAILED, S.QUEUED, S.CHECKING]
    top = desk.put(*(record(f"c{n}", s, group_id="g") for n, s in enumerate(states)))
    now = top.standing(desk.operations)
    assert list(desk.list.tops) == ["g"]
    assert words.counts_text(now) == "9 of 12 done, 1 failed, 2 waiting"
    assert words.group_state_text(desk.groups["g"], now) == "Running"


def test_not_known_outweighs_all_even_a_cancel(desk: Desk) -> None:
    top = desk.put(record("a", group_id="g"), record("b", S.UNKNOWN, group_id="g"))
    now = top.standing(desk.operations)
    canceling = replace(desk.groups["g"], cancel_requested=True)
    assert words.group_state_text(canceling, now) == "Not known, looking"
    assert words.state_text(record("b", S.UNKNOWN, cancel_requested=True)) == "Not known, looking"
    still = desk.put(record("b", S.RUNNING, group_id="g")).standing(desk.operations)
    assert words.group_state_text(canceling, still) == "Cancelling…"


@pytest.mark.parametrize("is_turned", [False, True])
def test_a_retry_takes_the_place_of_what_it_repeats(desk: Desk, is_turned: bool) -> None:
    """Also where a clock that was set back lists the retry first."""
    first = record("first", S.FAILED, group_id="g")
    retry = record("again", S.RUNNING, group_id="g", retry_of="first")
    other = record("other", group_id="g")
    top = desk.put(*([retry, other, first] if is_turned else [first, other, retry]))
    assert top.standing(desk.operations).total == 2
    (child,) = (child for child in top.children.values() if len(child.attempts) == 2)
    assert child.attempts == ["first", "again"]
    assert desk.list.find("first") == desk.list.find("again") == (top, child)
    assert dict(+desk.list.counts) == {Bucket.RUNNING: 1, Bucket.DONE: 1}


def test_a_groups_progress_never_runs_backwards(desk: Desk) -> None:
    half = Progress("Memory", 0.5)
    top = desk.put(record("a", group_id="g"), record("b", S.RUNNING, group_id="g", progress=half))
    seen = [top.fraction(desk.operations)]
    assert seen == [0.75]
    desk.put(record("b", S.QUEUED, group_id="g"))
    seen.append(top.fraction(desk.operations))
    desk.put(record("b", S.FAILED, group_id="g"))
    desk.put(record("b2", S.RUNNING, group_id="g", retry_of="b", progress=Progress("Setup", 0.1)))
    seen.append(top.fraction(desk.operations))
    desk.put(record("b2", S.SUCCEEDED, group_id="g", retry_of="b"))
    seen.append(top.fraction(desk.operations))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert GroupCell(top, desk.groups["g"], desk.operations).fraction is None


def test_a_group_whose_record_is_lost_still_has_a_name(desk: Desk) -> None:
    top = desk.put(record("a", group_id="lost"), record("b", group_id="lost"))
    assert group_title(desk.groups.get("lost"), len(top.children)) == (
        "2 operations asked for together"
    )


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (OperationFilter(), {"g", "one", "two", "off"}),
        (OperationFilter(text="VM-ONE n2"), {"one"}),
        (OperationFilter(text="some vms"), {"g"}),
        (OperationFilter(text="bob"), {"two"}),
        (OperationFilter(text="in-group"), {"g"}),
        (OperationFilter(buckets=frozenset({Bucket.FAILED, Bucket.UNKNOWN})), {"g", "two"}),
        (OperationFilter(kind="change_power_state"), {"off"}),
        (OperationFilter(who=Who.MINE), {"g", "one", "off"}),
        (OperationFilter(who=Who.OTHERS), {"two"}),
        (OperationFilter(who=Who.OTHERS, text="one"), set()),
    ],
)
def test_filters(desk: Desk, wanted: OperationFilter, expected: set[str]) -> None:
    stop = ChangePowerState("key-off", "vm-off", PowerAction.STOP)
    desk.put(
        record("in-group", S.FAILED, group_id="g"),
        record("one"),
        record("two", S.UNKNOWN, actor="bob"),
        replace(record("off"), request=stop),
    )
    desk.list.set_filter(wanted)
    assert desk.shown() == expected
    assert set(desk.list.shown_ids()) == {"in-group" if name == "g" else name for name in expected}


def test_time_hides_what_is_over_and_never_what_is_not(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.ui.models.operation_list.time.time", lambda: 10_000.0)
    desk.put(
        record("old", ended_at=200.0),
        record("long", ended_at=9_990.0),
        record("open", S.UNKNOWN),
    )
    desk.list.set_filter(OperationFilter(within_s=3600.0))
    assert desk.shown() == {"long", "open"}


def test_chips_count_what_the_other_filters_take(desk: Desk) -> None:
    desk.put(record("a"), record("b", S.FAILED), record("c", S.BLOCKED, actor="bob"))
    desk.list.set_filter(OperationFilter(buckets=frozenset({Bucket.DONE}), who=Who.MINE))
    assert dict(+desk.list.counts) == {Bucket.DONE: 1, Bucket.FAILED: 1}
    desk.put(record("a", S.UNKNOWN))
    assert dict(+desk.list.counts) == {Bucket.UNKNOWN: 1, Bucket.FAILED: 1}
    assert desk.shown() == set()


def test_moves_by_others_are_others_and_say_seen(desk: Desk) -> None:
    move = ForeignMove("k", "web", "N1", "N2", ForeignMoveState.MOVING, 5.0, 6.0, 40)
    top = desk.list.place_foreign(move)
    assert top is not None
    assert desk.list.place_foreign(move) is None
    assert dict(+desk.list.counts) == {Bucket.RUNNING: 1}
    assert desk.list.place_foreign(replace(move, state=ForeignMoveState.ENDED)) is top
    assert dict(+desk.list.counts) == {Bucket.FAILED: 1}
    desk.list.set_filter(OperationFilter(who=Who.MINE))
    assert desk.shown() == set()
    desk.list.set_filter(OperationFilter(text="else web"))
    assert desk.shown() == {top.id}
    assert "First seen" in words.foreign_story(move)
    assert "started by someone else, 40 %" in words.foreign_progress_text(move)


def test_a_standstill_is_said_until_it_moves() -> None:
    still = StepEntry(0.0, S.RUNNING, f"{NO_PROGRESS} 180 s: it is still being watched")
    stalled = record("a", S.RUNNING, progress=Progress("Memory", 0.4), steps=(still,))
    assert words.state_text(stalled) == "Stalled"
    assert words.progress_text(stalled).startswith("Stalled: no progress for ")
    moving = replace(stalled, steps=(still, StepEntry(1.0, S.RUNNING, "Progress again")))
    assert words.state_text(moving) == "Running"
    assert words.progress_text(moving) == "Copying memory"


def test_the_story_of_a_retry_tells_the_attempt_before() -> None:
    fault = Fault(FaultCode.REJECTED, "The target failed.")
    told = words.story(record("b"), [record("a", S.FAILED, fault=fault)])
    assert "Earlier attempt of" in told
    assert "What happened: The target failed." in told


def test_a_log_that_was_cut_says_so() -> None:
    steps = tuple(StepEntry(0.0, S.RUNNING, f"step {at}") for at in range(MAX_STEPS))
    assert "The newest 200 steps" in words.story(record("a", steps=steps))
    assert "newest" not in words.story(record("a", steps=steps[1:]))


# -- expected times ----------------------------------------------------------------------------
def took(name: str, seconds: float) -> OperationRecord:
    return record(name, started_at=100.0, ended_at=100.0 + seconds)


def test_a_range_comes_from_this_sites_own_history_or_not_at_all() -> None:
    history = [took(f"m{n}", float(n)) for n in range(1, 21)]
    new = record("new", S.RUNNING, started_at=100.0)
    assert usual(new, history[:2]) is None
    assert expected_text(new, history[:2], 1, 105.0) == ""
    found = usual(new, history)
    assert found is not None
    assert (found.low_s, found.high_s, found.count) == (3.0, 18.0, 20)
    assert expected_text(new, history, 1, 105.0) == (
        "Should take 3 s to 18 s, as 20 like it here did; 5 s so far."
    )
    assert expected_text(new, history, 1, 200.0).startswith("Longer than usual: 1 min 40 s so far")
    off = replace(new, request=ChangePowerState("k", "v", PowerAction.STOP))
    assert expected_text(off, history, 1, 105.0) == ""
    assert expected_text(record("x", S.UNKNOWN), history, 1, 105.0) == ""


def test_a_place_in_line_counts_those_before_it() -> None:
    history = [took(f"m{n}", 10.0) for n in range(5)]
    waiting = record("w", S.QUEUED, queue_position=3)
    told = expected_text(waiting, history, 2)
    assert told == (
        "Waits: 3rd in line for N2. Should take about 10 s, as 5 like it here did. "
        "With those before it, done in 20 s to 30 s."
    )
    assert expected_text(waiting, (), 2) == "Waits: 3rd in line for N2."
    assert words.progress_text(waiting) == "waits: 3rd in line for N2"
    assert [words.ordinal(n) for n in (1, 2, 11, 22, 113)] == [
        "1st",
        "2nd",
        "11th",
        "22nd",
        "113th",
    ]


# -- steps from one list to another ------------------------------------------------------------
@pytest.mark.parametrize(
    ("old", "new"),
    [("", "abc"), ("abc", ""), ("abc", "abc"), ("ac", "abc"), ("abcd", "bd"), ("bdf", "acdeg")],
)
def test_steps_lead_from_one_list_to_the_other(old: str, new: str) -> None:
    made = {letter: Child(record(letter)) for letter in "abcdefg"}
    rows = [made[letter] for letter in old]
    target = [made[letter] for letter in new]
    for row, removed, inserted in runs(list(rows), target, lambda child: child.key):
        assert bool(removed) is not bool(inserted)
        rows[row : row + removed] = inserted
    assert rows == target


def test_near_rows_become_one_range() -> None:
    assert spans([40, 1, 3, 2]) == [(1, 3), (40, 40)]
    assert spans([]) == []


@pytest.mark.parametrize(
    ("phase", "move", "text"),
    [
        ("Setup", MoveProgress(copied_mib=0.0), "Setting up"),
        (
            "Memory",
            MoveProgress(2, 8200.0, 300.0, 481.0, None),
            "Copying memory, pass 2 · 300 MiB left · 481 MiB/s · 8.0 GiB copied so far",
        ),
        (
            "Memory",
            MoveProgress(9, 80000.0, 3300.0, None, False),
            "Copying memory, pass 9 · 3.2 GiB left · "
            "not converging: the VM writes memory as fast as it is copied · 78.1 GiB copied so far",
        ),
        (
            "Cleanup",
            MoveProgress(2, 8500.0, 0.0, None, True, 83.0),
            "Tidying up; it runs on the target · pause 83 ms",
        ),
        ("Running", None, ""),
    ],
)
def test_how_a_move_goes_is_one_calm_line(phase: str, move: MoveProgress | None, text: str) -> None:
    assert words.move_text(Progress(phase, 0.4, move=move)) == text
