"""A disk that refuses: the Nth act fails with a full disk or an I/O error, once or from then on."""

import contextlib
import errno
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from console.model.request import LiveMigrate
from console.worker.journal_lines import Intent, Line, Noted
from console.worker.journal_salvage import open_store
from console.worker.journal_schema import (
    FILE_NAME,
    JournalDamagedError,
    JournalUnusableError,
)
from console.worker.journal_store import JournalStore, JournalWriteError
from tests.faults.sqlite_over_disk import journal_over

_CONNECTION = "failing"
_APPENDS = 6


class Refusals:
    """Counts the acts on the disk and refuses one, or all from that one on."""

    def __init__(self, at: int, *, is_full: bool, is_persistent: bool) -> None:
        self.at = at
        self.is_full = is_full
        self.is_persistent = is_persistent
        self.count = 0
        self.is_healed = False

    @property
    def is_hit(self) -> bool:
        return self.count >= self.at

    def pass_one(self) -> None:
        """Raises what apsw turns into SQLITE_FULL or SQLITE_IOERR."""
        if self._refuses():
            raise apsw.FullError("full") if self.is_full else apsw.IOError("i/o error")

    def pass_call(self) -> None:
        """Raises what the operating system would."""
        if self._refuses():
            raise OSError(errno.ENOSPC if self.is_full else errno.EIO, "refused")

    def _refuses(self) -> bool:
        if self.is_healed:
            return False
        self.count += 1
        return self.count >= self.at if self.is_persistent else self.count == self.at


class _File(apsw.VFSFile):
    def __init__(self, refusals: Refusals, name: Any, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self._refusals = refusals

    def xWrite(self, data: bytes, offset: int) -> None:
        self._refusals.pass_one()
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:
        self._refusals.pass_one()
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:
        self._refusals.pass_one()


class _Disk(apsw.VFS):
    def __init__(self, name: str, refusals: Refusals) -> None:
        super().__init__(name, "")
        self._refusals = refusals

    def xOpen(self, name: Any, flags: list[int]) -> _File:
        if flags[0] & apsw.SQLITE_OPEN_CREATE:
            self._refusals.pass_one()
        return _File(self._refusals, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        self._refusals.pass_one()
        super().xDelete(filename, syncdir)


@contextlib.contextmanager
def failing(refusals: Refusals) -> Iterator[None]:
    """SQLite's file layer and the console's own renames and syncs, refusing."""
    vfs = f"failing-{id(refusals)}"
    disk = _Disk(vfs, refusals)

    def refusing(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*values: Any, **more: Any) -> Any:
            refusals.pass_call()
            return real(*values, **more)

        return call

    told = sys.unraisablehook

    def hook(raised: Any) -> None:
        """apsw tells of every refusal that SQLite itself passes over (a failed checkpoint)."""
        if not isinstance(raised.exc_value, apsw.Error):
            told(raised)

    with pytest.MonkeyPatch.context() as patch, journal_over(vfs, checkpoint_pages=4):
        patch.setattr(sys, "unraisablehook", hook)
        patch.setattr(os, "replace", refusing(os.replace))
        patch.setattr(os, "fsync", refusing(os.fsync))
        yield
    disk.unregister()


def one_refusal(folder: Path, refusals: Refusals) -> str:
    """The journal's life on that disk: ``ok``, ``untouched`` if N was not reached, or what broke.

    Whatever is refused must be an error in the journal's own words; what was acknowledged is there
    afterwards, and nothing else but the append under way; once the disk is well, it goes on.
    """
    acknowledged: list[str] = []
    refused: list[str] = []
    store: JournalStore | None = None
    with failing(refusals):
        try:
            store = JournalStore(folder / FILE_NAME)
        except JournalUnusableError:
            refusals.is_healed = True
            store = JournalStore(folder / FILE_NAME)
        except JournalDamagedError as error:
            return f"called damaged: {error}"
        for number in range(_APPENDS):
            if number == _APPENDS - 2:
                refusals.is_healed = True
            (answer,) = store.append([_group(number)])
            if answer is None:
                acknowledged.append(f"op-{number}")
            elif isinstance(answer, JournalWriteError):
                refused.append(f"op-{number}")
            else:
                return f"refused with {answer!r}"
        store.close()
    if f"op-{_APPENDS - 1}" not in acknowledged:
        return "it does not go on when the disk is well again"
    store, faults = open_store(folder)
    try:
        if faults:
            return f"damaged afterwards: {faults[0].detail}"
        for name in acknowledged:
            if len(store.lines_of(name)) != 2:
                return f"{name} was acknowledged and is lost"
        if any(store.lines_of(name) for name in refused):
            return "a refused append is there"
        if store.first_broken() is not None:
            return "the chain does not hold"
    finally:
        store.close()
    return "ok" if refusals.is_hit else "untouched"


def _group(number: int) -> list[Line]:
    name = f"op-{number}"
    request = LiveMigrate(name, name, "N1", "N2")
    intent = Intent(request, f"Move {name}", _CONNECTION)
    return [Line(name, 1.0, intent), Line(name, 2.0, Noted("x" * 3000))]
