"""Rows that are byte for byte what they were become the same objects again, undecoded."""

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from console.backends import BackendError
from console.backends.azure_local.arm_faults import malformed
from console.backends.azure_local.translate import WordReader
from console.model.freshness import Fault

R = TypeVar("R", bound=msgspec.Struct)
T = TypeVar("T")

_ROWS = msgspec.json.Decoder(list[msgspec.Raw])


class RowCache(Generic[R, T]):
    """Turns JSON arrays into tuples of ``T``; one for each list that is read again and again.

    Equal bytes give the identical object, so that ``diff`` can stop at identity. One row that does
    not decode is left out and told; the others stand.
    """

    def __init__(
        self, row_type: type[R], convert: Callable[[R, WordReader], T], title: str
    ) -> None:
        self._decoder = msgspec.json.Decoder(row_type)
        self._convert = convert
        self._title = title
        self._known: dict[bytes, T] = {}

    def read(
        self, arrays: list[msgspec.Raw], words: WordReader
    ) -> tuple[tuple[T, ...], tuple[Fault, ...]]:
        """All rows of all pages, and a fault if some could not be read."""
        known, fresh = self._known, {}
        found: list[T] = []
        unreadable = 0
        reason = ""
        for raw in self._rows(arrays):
            key = bytes(raw)
            value = known.get(key)
            if value is None:
                told = words.count
                try:
                    value = self._convert(self._decoder.decode(raw), words)
                except (msgspec.MsgspecError, RecursionError, ValueError) as error:
                    unreadable += 1
                    reason = str(error)
                    continue
                # A row with an unknown word is read anew each time, so that it is told each time.
                if words.count == told:
                    fresh[key] = value
            else:
                fresh[key] = value
            found.append(value)
        self._known = fresh
        if not unreadable:
            return tuple(found), ()
        what = f"{self._title}: {unreadable} of {unreadable + len(found)} entries"
        return tuple(found), (malformed(what, reason, is_partial=True),)

    def _rows(self, arrays: list[msgspec.Raw]) -> list[msgspec.Raw]:
        try:
            return [row for array in arrays for row in _ROWS.decode(array)]
        except (msgspec.MsgspecError, RecursionError, ValueError) as error:
            raise BackendError(malformed(self._title, str(error))) from error
