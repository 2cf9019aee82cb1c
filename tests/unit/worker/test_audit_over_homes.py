"""``tlconsole audit`` looks at every connection's log, wherever its journal is."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from console import app, homes
from console.model.request import LiveMigrate
from console.worker.journal import Journal
from console.worker.journal_lines import Intent, Line
from console.worker.journal_schema import FILE_NAME


def nothing(_folder: Path, _connection_id: str) -> bool:
    return False


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Two connections that acted, and one that never did."""

    async def act(home: Path, connection_id: str) -> None:
        journal, _ = await Journal.open(home)
        request = LiveMigrate("vm", f"vm-of-{connection_id}", "N1", "N2")
        await journal.append(Line("move", 1.0, Intent(request, "Move", connection_id, "grace")))
        await journal.close()

    for connection_id in ("munich", "oslo"):
        asyncio.run(act(homes.settle(tmp_path, connection_id, nothing), connection_id))
    homes.settle(tmp_path, "rome", nothing)
    return tmp_path


def test_every_log_is_verified_and_one_broken_is_enough(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.main(["audit", "verify", "--state-folder", str(state)]) == 0
    assert capsys.readouterr().out.count("Audit log: 1 entries") == 2
    second = homes.settle(state, "oslo", nothing)
    with sqlite3.connect(second / FILE_NAME) as connection:
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE audit SET actor = 'nobody'")
    connection.close()
    assert app.main(["audit", "verify", "--state-folder", str(state)]) == 1
    assert "BROKEN at entry 1" in capsys.readouterr().out


def test_each_log_is_exported_to_a_file_of_its_own(state: Path, tmp_path: Path) -> None:
    target = tmp_path / "log.csv"
    assert app.main(["audit", "export", str(target), "--state-folder", str(state)]) == 0
    texts = [path.read_text() for path in (target, tmp_path / "log-2.csv")]
    assert "vm-of-munich" in texts[0]
    assert "vm-of-oslo" in texts[1]
    assert not (tmp_path / "log-3.csv").exists()


def test_without_any_log_that_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["audit", "verify", "--state-folder", str(tmp_path)]) == 2
    assert "There is no journal" in capsys.readouterr().out
