"""The short form of the experiments with real processes: nothing lost, doubled or wrong.

The full form is ``python -m tests.faults --full``.
"""

import pytest

from tests.faults import bad_wires, creations, kills
from tests.faults.experiments import Experiment

pytestmark = pytest.mark.timeout(600)
SEED = 1


@pytest.mark.parametrize("experiment", [kills.run, bad_wires.run, creations.run])
def test_nothing_is_lost_doubled_or_wrong(experiment: Experiment) -> None:
    tally = experiment(SEED, False)
    assert tally.is_clean, f"seed {SEED}: {tally.found}"
    assert tally.runs
