"""Why something cannot be stopped: every verb that cannot says so in its own words."""

import msgspec

from console.model.operation import OperationRecord, OperationState
from console.model.request import DrainNode, LiveMigrate, MoveMethod
from console.operations import ALL
from console.ui.models.cancel_words import WHY, why_it_goes_on, why_no_cancel

S = OperationState
replace = msgspec.structs.replace


def test_every_verb_that_cannot_be_stopped_has_its_words_and_no_other() -> None:
    assert set(WHY) == {operation.kind for operation in ALL if not operation.can_cancel}


def test_only_what_goes_on_and_cannot_be_stopped_has_a_reason() -> None:
    drain = OperationRecord("d", DrainNode("N1"), "Drain N1", S.RUNNING, 0.0)
    assert why_no_cancel(drain).startswith("A drain cannot be stopped")
    assert why_no_cancel(replace(drain, can_cancel=True)) == ""
    over = replace(drain, state=S.SUCCEEDED)
    assert (why_no_cancel(over), why_it_goes_on(over)) == ("It is over.", "")
    asked = replace(drain, can_cancel=True, cancel_requested=True)
    assert why_no_cancel(asked) == "It was asked to stop already."


def test_a_quick_move_is_not_a_live_one() -> None:
    request = LiveMigrate("k", "web", "N1", "N2")
    live = OperationRecord("m", request, "Move web", S.RUNNING, 0.0)
    assert why_no_cancel(live) == "It cannot be stopped at this point."
    quick = replace(live, request=replace(request, method=MoveMethod.QUICK))
    assert why_no_cancel(quick).startswith("A quick move cannot be stopped")
