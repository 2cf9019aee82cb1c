"""A disk that remembers every write and sync, and can say what a power cut would leave of it.

SQLite's own test method (test6.c, crash4.test): what was written but not synced is kept, lost or
garbage, sector by sector. The run is recorded once; each cut is made on a copy, so that every
moment of one run can be examined. Limits: folder entries survive as a prefix of their order (as a
journalling file system does it), the disk never lies about a sync, and bytes that nobody wrote stay
as they are ("powersafe overwrite": SQLite assumes it, and without it the neighbour of a WAL frame
in the same sector could be lost).
"""

import contextlib
import enum
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest

SECTOR = 512
# Of the sectors not yet synced: so many are there after the cut, so many are garbage.
_KEPT, _GARBAGE = 0.45, 0.05


class Act(enum.Enum):
    CREATE = "create"
    WRITE = "write"
    TRUNCATE = "truncate"
    SYNC = "sync"
    RENAME = "rename"
    UNLINK = "unlink"
    SYNC_FOLDER = "sync folder"
    ACKNOWLEDGE = "acknowledge"


class Event(msgspec.Struct, frozen=True, gc=False):
    """One act on the disk. ``number`` is an offset, a size, or what was acknowledged."""

    act: Act
    name: str = ""
    number: int = 0
    data: bytes = b""
    other: str = ""


class Recorder:
    """The log of what happened to one folder's files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: list[Event] = []
        self.before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        self._known = set(self.before)

    def opened(self, path: str) -> str:
        """The file's name in the folder; one not seen before was just made."""
        name = Path(path).name
        if name not in self._known:
            self._known.add(name)
            self.events.append(Event(Act.CREATE, name))
        return name

    def acknowledge(self, number: int) -> None:
        """From here on the journal has said that so many commits are durable."""
        self.events.append(Event(Act.ACKNOWLEDGE, number=number))

    def renamed(self, old: str, new: str) -> None:
        self._known.discard(old)
        self._known.add(new)
        self.events.append(Event(Act.RENAME, old, other=new))

    def unlinked(self, name: str) -> None:
        self._known.discard(name)
        self.events.append(Event(Act.UNLINK, name))

    def copied(self, path: Path) -> None:
        name = self.opened(str(path))
        self.events.append(Event(Act.TRUNCATE, name))
        self.events.append(Event(Act.WRITE, name, 0, path.read_bytes()))

    def synced(self, descriptor: int) -> None:
        """An ``os.fsync``: of the folder, or of a file in it."""
        found = os.fstat(descriptor)
        if found.st_ino == self.folder.stat().st_ino:
            self.events.append(Event(Act.SYNC_FOLDER))
            return
        for name in self._known:
            with contextlib.suppress(FileNotFoundError):
                if (self.folder / name).stat().st_ino == found.st_ino:
                    self.events.append(Event(Act.SYNC, name))


class _RecordedFile(apsw.VFSFile):
    def __init__(self, recorder: Recorder, name: Any, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self._recorder = recorder
        path = name if isinstance(name, str) else name.filename()
        self._name = recorder.opened(path)
        new_side_file = apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_WAL
        # As SQLite's own unix layer: the first sync of a side file syncs its folder too.
        self._syncs_folder = bool(flags[0] & new_side_file)

    def xWrite(self, data: bytes, offset: int) -> None:
        super().xWrite(data, offset)
        self._recorder.events.append(Event(Act.WRITE, self._name, offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:
        super().xTruncate(newsize)
        self._recorder.events.append(Event(Act.TRUNCATE, self._name, newsize))

    def xSync(self, flags: int) -> None:
        self._recorder.events.append(Event(Act.SYNC, self._name))
        if self._syncs_folder:
            self._syncs_folder = False
            self._recorder.events.append(Event(Act.SYNC_FOLDER))


class _RecordedDisk(apsw.VFS):
    def __init__(self, name: str, recorder: Recorder) -> None:
        super().__init__(name, "")
        self._recorder = recorder

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        if name is None:  # SQLite's own temporary file: nothing of it is ever read again
            return apsw.VFSFile("", name, flags)
        return _RecordedFile(self._recorder, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        super().xDelete(filename, syncdir)
        self._recorder.unlinked(Path(filename).name)
        if syncdir:
            self._recorder.events.append(Event(Act.SYNC_FOLDER))


@contextlib.contextmanager
def recorded(folder: Path, vfs: str = "recorded") -> Iterator[Recorder]:
    """Record SQLite over this file layer, and the console's own renames, removals and copies."""
    recorder = Recorder(folder)
    disk = _RecordedDisk(vfs, recorder)
    real_replace, real_unlink, real_fsync, real_copy = (
        os.replace,
        os.unlink,
        os.fsync,
        shutil.copy2,
    )

    def replace(old: Any, new: Any) -> None:
        real_replace(old, new)
        recorder.renamed(Path(old).name, Path(new).name)

    def unlink(path: Any) -> None:
        real_unlink(path)
        recorder.unlinked(Path(path).name)

    def fsync(descriptor: int) -> None:
        recorder.synced(descriptor)
        real_fsync(descriptor)

    def copy(source: Any, target: Any, **more: Any) -> Any:
        made = real_copy(source, target, **more)
        recorder.copied(Path(target))
        return made

    with pytest.MonkeyPatch.context() as patch:
        patches: tuple[tuple[Any, str, Callable[..., Any]], ...] = (
            (os, "replace", replace),
            (os, "unlink", unlink),
            (os, "fsync", fsync),
            (shutil, "copy2", copy),
        )
        for target, name, instead in patches:
            patch.setattr(target, name, instead)
        yield recorder
    disk.unregister()


class _File:
    __slots__ = ("dirty", "durable", "live")

    def __init__(self, content: bytes = b"") -> None:
        self.durable = bytearray(content)
        self.live = bytearray(content)
        # By sector: the ranges of bytes written since the last sync.
        self.dirty: dict[int, list[tuple[int, int]]] = {}


class Disk:
    """The state of the disk after some of the events, and what a power cut there leaves."""

    def __init__(self, before: dict[str, bytes]) -> None:
        self._names = {name: _File(content) for name, content in before.items()}
        self._durable_names = dict(self._names)
        # What happened to the folder since it was last synced, as functions on the names.
        self._folder_acts: list[Callable[[dict[str, _File]], None]] = []
        self.acknowledged = 0

    @property
    def is_settled(self) -> bool:
        """Whether nothing is unsynced: a cut can leave one thing only."""
        return not self._folder_acts and not any(file.dirty for file in self._names.values())

    def take(self, event: Event) -> None:
        name = event.name
        match event.act:
            case Act.CREATE:
                file = _File()
                self._change_folder(lambda names: names.__setitem__(name, file))
            case Act.WRITE:
                self._write(self._names[name], event.number, event.data)
            case Act.TRUNCATE:
                file = self._names[name]
                del file.live[event.number :]
                file.dirty.setdefault(event.number // SECTOR, [])
            case Act.SYNC:
                file = self._names[name]
                file.durable[:] = file.live
                file.dirty.clear()
            case Act.RENAME:
                other = event.other
                moved = self._names[name]

                def rename(names: dict[str, _File]) -> None:
                    names.pop(name, None)
                    names[other] = moved

                self._change_folder(rename)
            case Act.UNLINK:
                self._change_folder(lambda names: names.pop(name, None))
            case Act.SYNC_FOLDER:
                self._durable_names = dict(self._names)
                self._folder_acts.clear()
            case Act.ACKNOWLEDGE:
                self.acknowledged = event.number

    def after_cut(self, randomly: random.Random) -> dict[str, bytes]:
        """What is found after the power comes back: content by name."""
        names = dict(self._durable_names)
        for act in self._folder_acts[: randomly.randint(0, len(self._folder_acts))]:
            act(names)
        return {name: self._remains(file, randomly) for name, file in names.items()}

    def _change_folder(self, act: Callable[[dict[str, _File]], object]) -> None:
        act(self._names)
        self._folder_acts.append(act)  # type: ignore[arg-type]

    @staticmethod
    def _write(file: _File, offset: int, data: bytes) -> None:
        end = offset + len(data)
        if len(file.live) < end:
            file.live.extend(bytes(end - len(file.live)))
        file.live[offset:end] = data
        for sector in range(offset // SECTOR, (end - 1) // SECTOR + 1):
            first, last = max(offset, sector * SECTOR), min(end, (sector + 1) * SECTOR)
            file.dirty.setdefault(sector, []).append((first, last))

    @staticmethod
    def _remains(file: _File, randomly: random.Random) -> bytes:
        if not file.dirty:
            return bytes(file.live)
        size = randomly.choice((len(file.durable), len(file.live)))
        content = bytearray(file.durable)
        content.extend(bytes(max(0, len(file.live) - len(content))))
        for sector, written in sorted(file.dirty.items()):
            start = sector * SECTOR
            roll = randomly.random()
            if roll < _KEPT:
                new = file.live[start : start + SECTOR]
                content[start : start + len(new)] = new
            elif roll < _KEPT + _GARBAGE:
                for first, last in written:
                    content[first:last] = randomly.randbytes(last - first)
        return bytes(content[:size])
