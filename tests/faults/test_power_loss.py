"""Power loss at every moment of the journal's life loses nothing, and the proof can fail."""

from collections import Counter

from tests.faults import power_loss

SEEDS = range(3)


def test_no_acknowledged_row_is_lost_whenever_the_power_goes() -> None:
    with power_loss.quick_folder() as folder:
        for seed in SEEDS:
            found = power_loss.one_life(seed, folder)
            assert set(found) == {"ok"}, f"seed {seed}: {found}"
            assert found["ok"] > 300


def test_with_a_weaker_sync_the_same_cuts_do_find_losses() -> None:
    with power_loss.quick_folder() as folder, power_loss.synchronous("NORMAL"):
        found = power_loss.one_life(0, folder, at_most=700)
        assert found["lost"] > 20, found


def test_a_power_cut_during_salvage_keeps_rows_and_evidence() -> None:
    with power_loss.quick_folder() as folder:
        found: Counter[str] = Counter()
        for seed in range(2):
            found += power_loss.one_salvage(seed, folder)
        assert set(found) == {"ok"}, found
