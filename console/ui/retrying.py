"""Asking again for several operations at once, with what each of them waits for."""

import uuid
from collections.abc import Mapping, Sequence

from console.model.operation import OperationRecord
from console.model.request import Request
from console.ui.bridge import Part


def retries(
    again: Sequence[tuple[OperationRecord, Request]], known: Mapping[str, OperationRecord]
) -> list[Part]:
    """A part for each record, in this order, asking for the request beside it.

    What it waited for counts by its newest attempt: the one asked for here, or an earlier one.
    """
    newest = {record.retry_of: record.id for record in known.values() if record.retry_of}
    ids = {record.id: str(uuid.uuid4()) for record, _ in again}

    def latest(name: str) -> str:
        while name in newest and name not in ids:
            name = newest[name]
        return ids.get(name, name)

    return [
        Part(
            request,
            retry_of=record.id,
            operation_id=ids[record.id],
            after=tuple(map(latest, record.after)),
        )
        for record, request in again
    ]
