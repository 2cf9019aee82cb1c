"""Every connection has one journal for ever; what is under way is never looked for elsewhere."""

import asyncio
import sqlite3
from pathlib import Path

from console import homes
from console.model.request import LiveMigrate
from console.worker.journal import Journal
from console.worker.journal_lines import Intent, Line
from console.worker.journal_schema import FILE_NAME
from console.worker.unfinished_elsewhere import has_unfinished


def nothing(_folder: Path, _connection_id: str) -> bool:
    return False


def test_the_first_connection_lives_in_the_folder_and_every_other_in_its_own(
    tmp_path: Path,
) -> None:
    first = homes.settle(tmp_path, "munich", nothing)
    second = homes.settle(tmp_path, "../edge", nothing)
    third = homes.settle(tmp_path, "lab-small", nothing)
    assert first == tmp_path
    assert len({first, second, third}) == 3
    assert second.parent == third.parent == tmp_path / "connections"
    for _ in range(2):
        assert homes.settle(tmp_path, "munich", nothing) == first
        assert homes.settle(tmp_path, "../edge", nothing) == second
    assert homes.known(tmp_path, "munich") == first
    assert homes.known(tmp_path, "../edge") == second
    assert homes.known(tmp_path, "new") is None
    assert set(homes.every(tmp_path)) == {first, second, third}


def test_what_is_under_way_in_the_folder_s_journal_stays_there(tmp_path: Path) -> None:
    homes.settle(tmp_path, "munich", nothing)

    def some(_folder: Path, connection_id: str) -> bool:
        return connection_id == "edge"

    assert homes.settle(tmp_path, "edge", some) == tmp_path
    assert homes.known(tmp_path, "edge") is None  # asked again at the next opening
    assert homes.settle(tmp_path, "edge", nothing) != tmp_path
    # Once it has a home of its own, it is never asked again.
    assert homes.settle(tmp_path, "edge", some) != tmp_path


def test_a_lost_note_of_the_first_costs_nothing_that_is_under_way(tmp_path: Path) -> None:
    homes.settle(tmp_path, "munich", nothing)
    (tmp_path / "first-connection").unlink()
    assert homes.settle(tmp_path, "edge", nothing) == tmp_path
    assert homes.settle(tmp_path, "munich", lambda *_: True) == tmp_path


def test_unfinished_operations_are_found_beside_the_journal_s_writer(tmp_path: Path) -> None:
    async def write() -> tuple[bool, bool]:
        journal, _ = await Journal.open(tmp_path)
        request = LiveMigrate("vm", "app-01", "N1", "N2")
        await journal.append(Line("operation", 1.0, Intent(request, "Move", "munich", "me")))
        found = has_unfinished(tmp_path, "munich"), has_unfinished(tmp_path, "edge")
        await journal.close()
        return found

    assert not has_unfinished(tmp_path, "munich")
    assert asyncio.run(write()) == (True, False)


def test_a_journal_that_cannot_be_read_is_not_left(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"no database at all, and long enough" * 100)
    assert has_unfinished(tmp_path, "munich")
    (tmp_path / FILE_NAME).unlink()
    sqlite3.connect(tmp_path / FILE_NAME).close()
    (tmp_path / FILE_NAME).touch()
    assert has_unfinished(tmp_path, "munich")
