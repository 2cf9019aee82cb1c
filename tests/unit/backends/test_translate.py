"""Every word list: known words, unknown words told once, nothing said is no fault."""

import pytest

from console.backends.azure_local.translate import (
    ACTIVITY,
    AZURE_POWER,
    HYPERV_STATE,
    ISOLATION,
    MOST_FAULTS,
    WordReader,
)
from console.model.freshness import FaultCode
from console.model.node import DrainStatus, NodeState
from console.model.virtual_machine import PowerState, SecurityType, VmActivity


@pytest.mark.parametrize(
    ("word", "power"),
    [
        ("Off", PowerState.STOPPED),
        ("running", PowerState.RUNNING),
        ("PausedCritical", PowerState.CRITICAL),
        ("FastSavingCritical", PowerState.CRITICAL),
        ("Reset", PowerState.STARTING),
    ],
)
def test_hyperv_words(word: str, power: PowerState) -> None:
    words = WordReader()
    assert words.read(HYPERV_STATE, word, "vm1") is power
    assert words.faults() == ()


def test_deallocated_is_stopped_and_disabled_isolation_is_a_standard_vm() -> None:
    words = WordReader()
    assert words.read(AZURE_POWER, "Deallocated", "vm1") is PowerState.STOPPED
    assert words.read(ISOLATION, "Disabled", "vm1") is SecurityType.STANDARD


def test_an_unknown_word_is_unknown_and_named_with_its_place_once() -> None:
    words = WordReader()
    assert words.read(AZURE_POWER, "Levitating", "vm7") is PowerState.UNKNOWN
    words.read(AZURE_POWER, "Levitating", "vm8")
    (fault,) = words.faults()
    assert fault.code is FaultCode.UNKNOWN_WORD
    assert "Levitating" in fault.summary
    assert "vm7" in fault.summary
    assert words.count == 2


def test_an_unknown_activity_blocks_rather_than_passing_as_none() -> None:
    assert WordReader().read(ACTIVITY, "Teleporting", "vm1") is VmActivity.OTHER


@pytest.mark.parametrize("nothing", [None, ""])
def test_nothing_said_is_unknown_without_a_fault(nothing: str | None) -> None:
    words = WordReader()
    assert words.read(AZURE_POWER, nothing, "vm1") is PowerState.UNKNOWN
    assert words.faults() == ()


def test_many_unknown_words_do_not_flood() -> None:
    words = WordReader()
    for number in range(100):
        words.read(AZURE_POWER, f"Word{number}", "vm1")
    assert len(words.faults()) == MOST_FAULTS


@pytest.mark.parametrize(
    ("word", "flags", "drain", "state"),
    [
        ("Up", 0, DrainStatus.NOT_INITIATED, NodeState.UP),
        ("Paused", 0, DrainStatus.COMPLETED, NodeState.PAUSED),
        ("Paused", 0, DrainStatus.IN_PROGRESS, NodeState.DRAINING),
        ("Up", 0x4, DrainStatus.UNKNOWN, NodeState.DRAINING),
        ("Up", 0x2, DrainStatus.NOT_INITIATED, NodeState.QUARANTINED),
        ("Down", 0x1, DrainStatus.NOT_INITIATED, NodeState.ISOLATED),
        ("Down", 0, DrainStatus.IN_PROGRESS, NodeState.DOWN),
        ("Sideways", 0, DrainStatus.UNKNOWN, NodeState.UNKNOWN),
    ],
)
def test_node_state_folds_state_flags_and_drain(
    word: str, flags: int, drain: DrainStatus, state: NodeState
) -> None:
    assert WordReader().node_state(word, flags, drain, "n1") is state
