"""What a VM's earlier live migrations came to: the best there is to tell of the next one."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from console.model.operation import OperationRecord, OperationState
from console.model.request import LiveMigrate, MoveMethod


class EarlierMove(msgspec.Struct, frozen=True, gc=False):
    """A live migration of one VM that succeeded. ``pause_ms`` None: not measured."""

    duration_s: float
    pause_ms: float | None = None


# By the VM's key, oldest first.
History = Mapping[str, Sequence[EarlierMove]]
NO_HISTORY: History = {}
_MOST = 10


def earlier_moves(records: Iterable[OperationRecord], keys: Iterable[str]) -> History:
    """The last live migrations of these VMs that succeeded; records oldest first."""
    wanted = frozenset(keys)
    found: dict[str, list[EarlierMove]] = {}
    for record in records:
        request = record.request
        if not isinstance(request, LiveMigrate) or request.vm_key not in wanted:
            continue
        if record.state is not OperationState.SUCCEEDED or request.method is not MoveMethod.LIVE:
            continue
        if record.started_at is None or record.ended_at is None:
            continue
        pause = record.measured.blackout_ms if record.measured is not None else None
        earlier = found.setdefault(request.vm_key, [])
        earlier.append(EarlierMove(max(record.ended_at - record.started_at, 0.0), pause))
        del earlier[:-_MOST]
    return found
