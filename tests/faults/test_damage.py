"""A journal that is damaged, refused by its disk, taken away or wanted by many at once."""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.model.request import LiveMigrate
from console.worker.journal import Journal, JournalRefusedError
from console.worker.journal_lines import Intent, Line, Noted
from console.worker.journal_salvage import open_store
from console.worker.journal_schema import FILE_NAME
from console.worker.journal_store import JournalWriteError
from tests.faults.damage import KINDS, one_damage
from tests.faults.failing_disk import Refusals, one_refusal
from tests.faults.power_loss import quick_folder

posix = pytest.mark.skipif(os.name != "posix", reason="resource limits and owners are POSIX")


def test_damage_of_every_kind_is_never_a_crash_and_never_silent() -> None:
    with quick_folder() as folder:
        for number in range(20 * len(KINDS)):
            assert one_damage(number, folder) == "ok", f"seed {number}"


@pytest.mark.parametrize("is_full", [True, False])
@pytest.mark.parametrize("is_persistent", [True, False])
def test_a_disk_that_refuses_any_act_is_an_error_in_words_and_loses_nothing(
    is_full: bool, is_persistent: bool
) -> None:
    """The Nth act is refused, for every N until a whole life passes untouched."""
    found: Counter[str] = Counter()
    with quick_folder() as folder:
        for number in range(1, 1000):
            state = folder / str(number)
            state.mkdir()
            refusals = Refusals(number, is_full=is_full, is_persistent=is_persistent)
            verdict = one_refusal(state, refusals)
            assert verdict in ("ok", "untouched"), f"act {number}: {verdict}"
            found[verdict] += 1
            shutil.rmtree(state)
            if verdict == "untouched":
                break
    assert found["untouched"] == 1
    assert found["ok"] > 100


_FILLER = """
import json, resource, signal, sys
from pathlib import Path
from console.worker.journal_schema import FILE_NAME
from console.worker.journal_store import JournalStore
from console.worker.journal_lines import Intent, Line, Noted
from console.model.request import LiveMigrate

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = JournalStore(Path(sys.argv[1]) / FILE_NAME)
kept, refused = [], []
def append(number):
    name = f"op-{number}"
    intent = Intent(LiveMigrate(name, name, "N1", "N2"), name, "full")
    (answer,) = store.append([[Line(name, 1.0, intent), Line(name, 2.0, Noted("x" * 9000))]])
    (kept if answer is None else refused).append(name)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
for number in range(80):
    append(number)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
for number in range(80, 85):
    append(number)
print(json.dumps([kept, refused]))
"""


@posix
def test_a_file_that_may_not_grow_refuses_appends_and_goes_on_later(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", _FILLER, str(tmp_path)], capture_output=True, text=True, check=True
    )
    kept, refused = json.loads(told.stdout)
    assert len(refused) > 10
    assert {f"op-{number}" for number in range(80, 85)} <= set(kept)
    store, faults = open_store(tmp_path)
    assert faults == ()
    assert all(len(store.lines_of(name)) == 2 for name in kept)
    assert not any(store.lines_of(name) for name in refused)
    assert store.first_broken() is None
    store.close()


@contextlib.contextmanager
def _as_nobody() -> Iterator[None]:
    """A user without rights to the folder: root may write to what is read-only."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


async def _open(folder: Path) -> None:
    journal, _ = await Journal.open(folder)
    await journal.close()


@posix
@pytest.mark.parametrize("has_journal", [True, False])
def test_a_read_only_folder_is_refused_in_words_and_left_alone(has_journal: bool) -> None:
    with quick_folder() as outer:
        outer.chmod(0o755)
        folder = outer / "state"
        folder.mkdir()
        if has_journal:
            asyncio.run(_open(folder))
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        folder.chmod(0o555)
        try:
            with _as_nobody(), pytest.raises(JournalRefusedError, match="cannot be written"):
                asyncio.run(_open(folder))
        finally:
            folder.chmod(0o755)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("how", ["deleted", "replaced", "moved"])
async def test_a_folder_taken_away_while_running_stops_every_change(
    tmp_path: Path, how: str
) -> None:
    folder = tmp_path / "state"
    journal, _ = await Journal.open(folder)
    intent = Intent(LiveMigrate("k", "v", "N1", "N2"), "t", "lab")
    await journal.append(Line("op", 1.0, intent))
    if how == "moved":
        folder.rename(tmp_path / "elsewhere")
    else:
        shutil.rmtree(folder)
    if how == "replaced":
        folder.mkdir()
        shutil.copy(__file__, folder / FILE_NAME)
    with pytest.raises(JournalWriteError, match="moved or deleted"):
        await journal.append(Line("op", 2.0, Noted("lost")))
    await journal.close()


_CROWD = """
import asyncio, os, signal, sys
from pathlib import Path
from console.worker import journal
journal._LOCK_TRIES = 1

folder, count = Path(sys.argv[1]), int(sys.argv[2])
go_read, go_write = os.pipe()
said_read, said_write = os.pipe()

async def start():
    try:
        opened, _ = await journal.Journal.open(folder)
    except journal.JournalRefusedError as error:
        os.write(said_write, b"R" if "Another console" in error.fault.summary else b"?")
        return
    os.write(said_write, b"W")
    await asyncio.sleep(60)

children = []
for _ in range(count):
    child = os.fork()
    if child == 0:
        os.close(go_write)
        os.read(go_read, 1)  # until the parent lets all of them go at once
        try:
            asyncio.run(start())
        except BaseException:
            os.write(said_write, b"!")
        os._exit(0)
    children.append(child)
os.close(go_write)
said = b""
while len(said) < count:
    said += os.read(said_read, count)
for child in children:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
print(said.decode())
"""


@posix
def test_of_200_starts_at_once_exactly_one_writes(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", _CROWD, str(tmp_path), "200"],
        capture_output=True,
        text=True,
        check=True,
        timeout=90,
    )
    assert Counter(told.stdout.strip()) == {"W": 1, "R": 199}
    # Killed, not closed: the kernel let go of the lock, and the next start gets the folder.
    asyncio.run(_open(tmp_path))
