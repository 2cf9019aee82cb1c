"""The fold is total, ends at the first ending, and shows only what the lines say."""

from hypothesis import given
from hypothesis import strategies as st

from console.model.operation import TERMINAL, OperationState, Progress
from console.model.request import LiveMigrate
from console.operations.base import SentStep
from console.worker.journal_lines import (
    MAX_STEPS,
    Accepted,
    Body,
    CancelAsked,
    Intent,
    Line,
    Noted,
    Progressed,
    Sending,
    StateEntered,
    fold,
    sent_steps,
)

MOVE = LiveMigrate("key", "vm", "N1", "N2")
INTENT = Intent(MOVE, "Move vm to N2", "lab", actor="ann", group_id="g")
S = OperationState

_BODIES = st.one_of(
    st.just(INTENT),
    st.builds(StateEntered, st.sampled_from(S), st.text(max_size=3)),
    st.builds(Sending, st.sampled_from(["a", "b"]), st.text(max_size=3)),
    st.builds(Accepted, st.sampled_from(["a", "b"]), st.text(max_size=3)),
    st.builds(Progressed, st.builds(Progress, st.sampled_from(["copy", "verify"]))),
    st.builds(Noted, st.text(max_size=3)),
    st.just(CancelAsked("ann")),
)


def lines(*bodies: Body) -> list[Line]:
    return [Line("op", float(at), body) for at, body in enumerate(bodies)]


@given(st.lists(_BODIES, max_size=40))
def test_any_sequence_folds_and_the_first_ending_is_final(bodies: list[Body]) -> None:
    every = lines(*bodies)
    ended = None
    for length in range(len(every) + 1):
        record = fold(every[:length])
        if ended is not None:
            assert record == ended
        elif record is not None and record.state in TERMINAL:
            ended = record
    assert (fold(every) is None) == (INTENT not in bodies)


def test_a_move_from_intent_to_outcome() -> None:
    record = fold(
        lines(
            INTENT,
            StateEntered(S.CHECKING),
            StateEntered(S.RUNNING),
            Sending("migrate", "Move-ClusterVirtualMachineRole vm"),
            Accepted("migrate", '{"v":1}'),
            Progressed(Progress("Copying memory", 0.5)),
            Progressed(Progress("Copying memory", 0.9)),
            StateEntered(S.VERIFYING),
            StateEntered(S.SUCCEEDED, "vm runs on N2"),
        )
    )
    assert record is not None
    assert (record.state, record.result) == (S.SUCCEEDED, "vm runs on N2")
    assert (record.created_at, record.started_at, record.ended_at) == (0.0, 2.0, 8.0)
    assert record.commands == ("Move-ClusterVirtualMachineRole vm",)
    assert (record.actor, record.group_id, record.can_cancel) == ("ann", "g", False)
    assert record.progress is None
    shown = [step.text for step in record.steps]
    assert shown.count("Copying memory") == 1
    assert not any('{"v":1}' in step.text + step.detail for step in record.steps)


def test_a_transition_that_is_not_allowed_is_passed_over() -> None:
    record = fold(lines(INTENT, StateEntered(S.SUCCEEDED, "never ran")))
    assert record is not None
    assert record.state is S.QUEUED


def test_sent_steps_keep_the_newest_handle_of_each_step() -> None:
    history = lines(INTENT, Sending("nic"), Accepted("nic", "t1"), Sending("vm"), Sending("nic"))
    assert sent_steps(history) == (SentStep("vm"), SentStep("nic"))
    assert sent_steps(history[:4]) == (SentStep("nic", "t1"), SentStep("vm"))


def test_steps_are_bounded() -> None:
    record = fold(lines(INTENT, *(Noted(str(n)) for n in range(MAX_STEPS + 50))))
    assert record is not None
    assert len(record.steps) == MAX_STEPS
    assert record.steps[-1].text == str(MAX_STEPS + 49)


def test_nothing_follows_the_first_ending() -> None:
    ended = [Line("op", 1.0, INTENT), Line("op", 2.0, StateEntered(OperationState.CANCELED))]
    record = fold(ended)
    assert record is not None
    for late in (Noted("late"), StateEntered(OperationState.SUCCEEDED), CancelAsked("ann")):
        assert fold([*ended, Line("op", 3.0, late)]) == record
