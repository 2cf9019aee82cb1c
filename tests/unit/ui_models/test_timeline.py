"""One line of time from both planes and our operations; what is not known is said."""

from console.model.change import Change
from console.model.operation import OperationRecord, OperationState
from console.model.request import DrainNode
from console.ui.models.inspector_facts import rate_text
from console.ui.models.timeline import timeline_text


def test_the_newest_comes_first_and_the_beginning_is_told() -> None:
    record = OperationRecord("o", DrainNode("N1"), "Drain N1", OperationState.SUCCEEDED, 2000.0)
    change = Change(3000.0, "node:N1", "N1", "the cluster", "State", "Up", "Paused")
    text = timeline_text("node:N1", [change], [record], 1000.0)
    assert text.index("State: Up → Paused  (seen by the cluster)") < text.index("Drain N1")
    assert "The stored past begins at" in text
    other = timeline_text("node:N2", [], [record], 1000.0)
    assert other.startswith("Nothing changed that is known.")
    assert "was not read yet" in timeline_text("node:N1", None, [], None)
    assert "No past is stored yet" in timeline_text("node:N1", [], [], None)


def test_a_rate_that_nobody_told_is_not_zero() -> None:
    assert [rate_text(value) for value in (None, 0, 900, 2048)] == [
        "not known", "0 KiB/s", "900 KiB/s", "2.0 MiB/s",
    ]  # fmt: skip
