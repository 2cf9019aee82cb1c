"""Runner, journal and world under every fault at once keep J1-J13, whatever the order."""

import logging

import pytest
from hypothesis import seed
from hypothesis.stateful import run_state_machine_as_test

from tests.faults.state_machine import ConsoleMachine, settings_for


@pytest.mark.parametrize("number", range(4))
@pytest.mark.timeout(300)
def test_nothing_is_lost_doubled_or_wrong(number: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)  # faults are the rule here, and each one is logged
    machine = type("Machine", (ConsoleMachine,), {})
    try:
        run_state_machine_as_test(seed(number)(machine), settings=settings_for(60, 30))
    except BaseException as error:
        error.add_note(f"state machine, seed {number}")
        raise
