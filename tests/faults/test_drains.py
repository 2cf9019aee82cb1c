"""A node of the large cluster is emptied while a target dies, remoting drops and a VM is taken.

The short form of the experiment: a part of the node's VMs. The whole node is
``python -m tests.faults --full --only drains``.
"""

import pytest

from tests.faults import drains

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
SEED = 2


def test_a_plan_survives_three_faults_and_tells_what_became_of_each_step() -> None:
    tally = drains.run(SEED, is_full=False)
    assert tally.is_clean, f"seed {SEED}: {tally.found}"
    told = "\n".join(tally.told)
    assert "died in mid-pass" in told
    assert "somebody else moved" in told
    assert "remoting dropped" in told
    assert tally.runs > drains.SHORT_MOVES, "what was left was planned anew"
    # Only what the faults themselves hit is not done; nothing fails because nobody answered.
    assert "Nothing was sent" not in told
