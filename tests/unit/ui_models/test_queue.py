"""Who waits right before whom, what is asked again after what, and what a waiting row says."""

from console.model.group import standing
from console.model.operation import (
    WAITS_FOR_NOTHING,
    DrainProgress,
    GroupRecord,
    OperationRecord,
    OperationState,
    Progress,
    StepEntry,
    waiting_reason,
)
from console.model.request import DrainNode, LiveMigrate, PauseNode, ProveNodeEmpty, Request
from console.ui.models import operation_words as words
from console.ui.models.queue import next_before
from console.ui.retrying import retries

S = OperationState


def record(name: str, request: Request, state: OperationState, **more: object) -> OperationRecord:
    return OperationRecord(name, request, name, state, 1.0, **more)  # type: ignore[arg-type]


def move(
    vm: str, target: str, place: int | None, state: OperationState = S.QUEUED
) -> OperationRecord:
    return record(vm, LiveMigrate(vm, vm, "N1", target), state, queue_position=place)


def test_only_who_waits_for_the_same_is_before_it() -> None:
    first, second = move("a", "N2", 1), move("b", "N3", 2)
    elsewhere = record("x", LiveMigrate("x", "x", "N8", "N9"), S.QUEUED, queue_position=1)
    runs = move("r", "N2", None, S.RUNNING)
    third = move("c", "N2", 3)
    everybody = [elsewhere, runs, third, second, first]
    assert next_before(third, everybody) is second
    assert next_before(second, everybody) is first
    assert next_before(first, everybody) is None
    assert next_before(elsewhere, everybody) is None
    assert next_before(runs, everybody) is None


def steps(*texts: str, state: OperationState = S.QUEUED) -> tuple[StepEntry, ...]:
    return tuple(StepEntry(1.0, state, text) for text in texts)


def test_a_reason_holds_until_it_ends() -> None:
    waits = "Waits for b to end"
    waiting = record("a", PauseNode("N1"), S.QUEUED, steps=steps("Asked for", waits))
    assert waiting_reason(waiting) == "Waits for b to end"
    assert words.progress_text(waiting) == "Waits for b to end"
    moved = record(
        "a", PauseNode("N1"), S.QUEUED, steps=steps("Waits for b to end", "Put to the front")
    )
    assert waiting_reason(moved) == "Waits for b to end"
    free = record(
        "a", PauseNode("N1"), S.QUEUED, steps=steps("Waits for b to end", WAITS_FOR_NOTHING)
    )
    assert waiting_reason(free) == ""
    again = record(
        "a",
        PauseNode("N1"),
        S.QUEUED,
        steps=(*steps("Waits for b to end"), *steps("Checking", state=S.CHECKING)),
    )
    assert waiting_reason(again) == ""


def test_a_retry_waits_for_the_newest_attempt_at_what_it_waited_for() -> None:
    pause = record("pause", PauseNode("N1"), S.FAILED)
    old = record("old", PauseNode("N9"), S.FAILED)
    newer = record("newer", PauseNode("N9"), S.SUCCEEDED, retry_of="old")
    proof = record("proof", ProveNodeEmpty("N1"), S.FAILED, after=("pause", "old", "done"))
    known = {each.id: each for each in (pause, old, newer, proof)}
    parts = retries([(pause, pause.request), (proof, proof.request)], known)
    assert [part.retry_of for part in parts] == ["pause", "proof"]
    assert parts[0].after == ()
    assert parts[1].after == (parts[0].operation_id, "newer", "done")
    assert len({part.operation_id for part in parts} - {""}) == 2


def test_a_stopped_group_says_that_what_runs_goes_on() -> None:
    group = GroupRecord("g", "Empty N1", 1.0, stop_requested=True)
    running = record("a", PauseNode("N1"), S.RUNNING)
    ended = record("b", PauseNode("N1"), S.CANCELED)
    assert (
        words.group_state_text(group, standing([running, ended])) == "Stopping: what runs goes on"
    )
    assert words.group_state_text(group, standing([ended])) == "Cancelled"


def test_a_drain_tells_who_left_who_is_there_and_who_could_not() -> None:
    drain = DrainProgress(("a",), ("b", "c"), (("b", "no room"),))
    progress = Progress("Draining", 1 / 3, "1 of 3 have left", drain=drain)
    running = record("d", DrainNode("N1"), S.RUNNING, progress=progress)
    assert words.progress_text(running) == "Draining, 1 of 3 have left, 1 could not leave"
    told = words.story(running)
    assert "Left: a\nStill there: b, c\nCould not leave: b: no room" in told
