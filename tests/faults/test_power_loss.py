"""Power loss at every moment of the journal's life loses nothing, and the proof can fail."""

import random
from collections import Counter

from console.worker import journal_schema
from console.worker.journal_store import JournalStore
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


def test_an_older_journal_is_migrated_whole_whenever_the_power_goes() -> None:
    with power_loss.quick_folder() as folder:
        found = power_loss.one_migration(0, folder)
        assert set(found) == {"ok"}, found
        assert found["ok"] > 40


def test_an_older_journal_opens_folds_and_goes_on() -> None:
    history = power_loss.commits_of(random.Random(1))
    with power_loss.quick_folder() as folder:
        path = folder / journal_schema.FILE_NAME
        power_loss.first_version(path, history)
        files = {file.name: file.read_bytes() for file in folder.iterdir()}
        assert power_loss.verdict(files, len(history), history, folder / "opened") == "ok"
        store = JournalStore(folder / "opened" / journal_schema.FILE_NAME)
        (version,) = store._connection.execute("PRAGMA user_version").fetchone()
        assert version == journal_schema.LATEST > 1
        store.close()
