"""How long a creation takes here, from the creations that this console has seen."""

from collections.abc import Iterable
from statistics import median

from console.model.operation import OperationRecord, OperationState
from console.model.request import CreateVirtualMachine

_FEWEST = 3


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
    if len(taken) < _FEWEST:
        return "How long it takes is not known yet: too few were created from here."
    middle, longest = _words(median(taken)), _words(max(taken))
    return f"The last {len(taken)} took about {middle}, the longest {longest}."


def _words(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
