"""A helpdesk console cannot do more than read, start and restart, whatever its window sends."""

import typing

import pytest

from console.channel.messages import (
    Cancel,
    CancelGroup,
    Refresh,
    Reorder,
    StopGroup,
    Submit,
    SubmitGroup,
)
from console.model import helpdesk
from console.model.operation import OperationRecord, OperationState
from console.model.request import ChangePowerState, LiveMigrate, PowerAction, Request
from console.worker.helpdesk_gate import fault, refused

RESTART = ChangePowerState("vm", "vm", PowerAction.RESTART)
MOVE = LiveMigrate("vm", "vm", "N1", "N2")


def record(name: str, request: Request, group: str = "") -> OperationRecord:
    return OperationRecord(name, request, "t", OperationState.RUNNING, 0.0, group_id=group)


@pytest.mark.parametrize("action", PowerAction)
def test_of_power_only_start_and_restart_pass(action: PowerAction) -> None:
    asked = Submit("op", ChangePowerState("vm", "vm", action))
    may = action in (PowerAction.START, PowerAction.RESTART)
    assert refused(asked, ()) == (() if may else ("op",))


def test_no_other_kind_of_request_passes() -> None:
    # Also one that is declared later: what is not named is refused.
    kinds = typing.get_args(Request)
    assert len(kinds) > 8
    for kind in kinds:
        if kind is not ChangePowerState:
            assert not helpdesk.may(kind(*[None] * len(kind.__struct_fields__))), kind


def test_a_group_is_refused_whole() -> None:
    parts = (Submit("a", RESTART, "g"), Submit("b", MOVE, "g"))
    assert refused(SubmitGroup("g", "t", parts), ()) == ("a", "b")
    assert refused(SubmitGroup("g", "t", parts[:1]), ()) == ()


def test_what_others_of_this_computer_started_is_not_stopped() -> None:
    running = (record("m", MOVE, "moves"), record("r", RESTART, "restarts"))
    assert refused(Cancel("m"), running) == ("m",)
    assert refused(Cancel("r"), running) == ()
    assert refused(Reorder("m"), running) == ("m",)
    assert refused(CancelGroup("moves"), running) == ("moves",)
    assert refused(StopGroup("moves"), running) == ("moves",)
    assert refused(CancelGroup("restarts"), running) == ()


def test_reading_is_never_refused_and_a_refusal_is_in_words() -> None:
    assert refused(Refresh(), ()) == ()
    told = fault(1.0)
    assert "helpdesk" in told.summary
    assert told.remedy
    assert told.kept
