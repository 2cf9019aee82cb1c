"""How long a creation takes at this site, from the creations in this console's journal."""

from collections.abc import Iterable
from statistics import median

from console.model.operation import OperationRecord, OperationState
from console.model.request import CreateVirtualMachine


def expected_duration(records: Iterable[OperationRecord], *, downloads: bool) -> str:
    """A sentence; ``downloads`` tells whether an image has to be fetched first."""
    taken = [
        record.ended_at - record.started_at
        for record in records
        if record.state is OperationState.SUCCEEDED
        and isinstance(record.request, CreateVirtualMachine)
        and (record.request.spec.image is not None) == downloads
        and record.started_at is not None
        and record.ended_at is not None
    ]
    kind = "with" if downloads else "without"
    if not taken:
        return f"No history yet: how long it takes here {kind} a download is not known."
    middle, longest = _words(median(taken)), _words(max(taken))
    if len(taken) == 1:
        return f"The only one so far {kind} a download took {middle}."
    return f"The last {len(taken)} {kind} a download took about {middle}, the longest {longest}."


def _words(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
