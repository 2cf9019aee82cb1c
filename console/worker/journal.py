"""The journal as the worker's loop uses it: one thread writes, an append returns once durable."""

import asyncio
import contextlib
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

from console.instance_lock import InstanceLock
from console.model.freshness import Fault, FaultCode
from console.worker.audit_log import AuditEntry
from console.worker.journal_lines import Line
from console.worker.journal_rows import History
from console.worker.journal_salvage import open_store
from console.worker.journal_schema import JournalNewerError, JournalUnusableError
from console.worker.journal_store import JournalStore, JournalWriteError
from console.worker.retention import Bound

_log = logging.getLogger(__name__)
_MAX_GROUPS_A_COMMIT = 256
_PRUNE_PAUSE_S = 0.02
_LOCK_TRIES = 50
_LOCK_TRY_S = 0.1

T = TypeVar("T")


class JournalRefusedError(Exception):
    """There is no journal to write to, in words; without one nothing may be changed."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.summary)
        self.fault = fault


class _Append:
    __slots__ = ("answer", "lines")

    def __init__(self, lines: Sequence[Line], answer: "asyncio.Future[None]") -> None:
        self.lines = lines
        self.answer = answer


class _Call:
    __slots__ = ("act", "answer")

    def __init__(self, act: Callable[[JournalStore], Any], answer: "asyncio.Future[Any]") -> None:
        self.act = act
        self.answer = answer


class Journal:
    """Appends of the same moment share a commit; each is durable before its await returns."""

    def __init__(self, store: JournalStore, lock: InstanceLock) -> None:
        self._store = store
        self._lock = lock
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[_Append | _Call | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="journal", daemon=True)
        self._thread.start()

    @classmethod
    async def open(cls, folder: Path) -> tuple[Self, tuple[Fault, ...]]:
        """Lock the folder and open its journal; with what must be said (a damaged file set aside).

        Raises JournalRefusedError.
        """
        lock = await _locked(folder)
        try:
            store, faults = await asyncio.to_thread(open_store, folder)
        except JournalNewerError as error:
            lock.release()
            raise JournalRefusedError(_newer_fault(error)) from error
        except JournalUnusableError as error:
            lock.release()
            raise JournalRefusedError(_unusable_fault(str(error))) from error
        return cls(store, lock), faults

    async def append(self, *lines: Line) -> None:
        """Make these lines durable, all or none, after those of every earlier call.

        Raises JournalWriteError, or DuplicateOperationError for an intent that is there already.
        """
        answer: asyncio.Future[None] = self._loop.create_future()
        self._jobs.put(_Append(lines, answer))
        await answer

    async def unfinished(self, connection_id: str) -> list[list[Line]]:
        """Lines of the operations without an ending, oldest operation first."""
        return await self._call(lambda store: store.unfinished(connection_id))

    async def newest(self, connection_id: str, count: int, before: float | None = None) -> History:
        """The newest operations (made before ``before``), oldest of them first."""
        return await self._call(lambda store: store.newest(connection_id, count, before))

    async def members_of(self, group_id: str) -> list[list[Line]]:
        """Lines of every operation of a group, oldest operation first."""
        return await self._call(lambda store: store.members_of(group_id))

    async def lines_of(self, operation_id: str) -> list[Line]:
        return await self._call(lambda store: store.lines_of(operation_id))

    async def add_to_audit(self, entry: AuditEntry) -> None:
        """An entry that belongs to no line (a refusal). Raises JournalWriteError."""
        await self._call(lambda store: store.add_to_audit(entry))

    async def prune(self, bound: Bound, now: Callable[[], float]) -> None:
        """Remove what is over the bound, a little at a time, so that appends go on between."""
        if not await self._call(lambda store: store.is_pruning_due(bound)):
            return
        is_more = True
        while is_more:
            is_more = await self._call(lambda store: store.prune_some(now(), bound))
            await asyncio.sleep(_PRUNE_PAUSE_S)

    async def anchor(self) -> tuple[int, str]:
        """Number and hash of the newest audit entry."""
        return await self._call(lambda store: store.anchor)

    async def close(self) -> None:
        """Write what was queued, then close file and lock."""
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        self._lock.release()

    async def _call(self, act: Callable[[JournalStore], T]) -> T:
        answer: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(_Call(act, answer))
        return await answer

    def _serve(self) -> None:
        job: _Append | _Call | None
        is_open = True
        while is_open:
            job = self._jobs.get()
            appends: list[_Append] = []
            while isinstance(job, _Append):
                appends.append(job)
                if len(appends) == _MAX_GROUPS_A_COMMIT or self._jobs.empty():
                    break
                job = self._jobs.get()
            if appends:
                answers = self._append([append.lines for append in appends])
                for append, error in zip(appends, answers, strict=True):
                    self._answer(append.answer, None, error)
            if isinstance(job, _Call):
                self._serve_call(job)
            is_open = job is not None
        self._store.close()

    def _append(self, groups: Sequence[Sequence[Line]]) -> list[Exception | None]:
        try:
            return self._store.append(groups)
        except Exception as error:  # without this thread every later append would wait for ever
            _log.exception("an append failed")
            return [JournalWriteError(repr(error))] * len(groups)

    def _serve_call(self, job: _Call) -> None:
        try:
            found = job.act(self._store)
        except Exception as error:  # handed to whoever asked; this thread must live on
            self._answer(job.answer, None, error)
        else:
            self._answer(job.answer, found, None)

    def _answer(self, answer: "asyncio.Future[Any]", value: Any, error: Exception | None) -> None:
        def settle() -> None:
            if answer.done():
                return
            if error is not None:
                answer.set_exception(error)
            else:
                answer.set_result(value)

        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(settle)


async def _locked(folder: Path) -> InstanceLock:
    """The folder's lock. A worker that was just ended may need a moment to let go of it."""
    for attempt in range(_LOCK_TRIES):
        try:
            lock = await asyncio.to_thread(InstanceLock.acquire, folder)
        except OSError as error:
            raise JournalRefusedError(_unusable_fault(str(error))) from error
        if lock is not None:
            return lock
        if attempt < _LOCK_TRIES - 1:
            await asyncio.sleep(_LOCK_TRY_S)
    raise JournalRefusedError(
        Fault(
            FaultCode.CONFLICT,
            "Another console of this user is open on this computer.",
            remedy="Use that window, or close it and open this one again.",
            kept="This window shows the cluster, but nothing can be changed from here.",
        )
    )


def _newer_fault(error: Exception) -> Fault:
    return Fault(
        FaultCode.REJECTED,
        "The journal was written by a newer version of this console.",
        remedy="Use that version to change anything.",
        kept="The journal is left as it is; this window shows the cluster but changes nothing.",
        detail=str(error),
    )


def _unusable_fault(reason: str) -> Fault:
    return Fault(
        FaultCode.REJECTED,
        "The journal cannot be written, so nothing may be changed.",
        remedy="Make room on the disk and give this user the right to write to the state folder, "
        "then open the console again.",
        kept="The cluster is shown; running operations go on at the other end.",
        detail=reason,
    )
