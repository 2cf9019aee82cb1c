"""How often each wire is read, from what goes on and whether anybody looks."""

from collections.abc import Iterable

import msgspec

from console.model.freshness import Wire
from console.model.operation import OperationRecord, OperationState
from console.model.request import (
    ChangePowerState,
    CreateVirtualMachine,
    DeleteVirtualMachine,
    DownloadImage,
)

_GOING_ON = (OperationState.CHECKING, OperationState.RUNNING, OperationState.VERIFYING)
_ON_AZURE = (CreateVirtualMachine, DownloadImage, ChangePowerState, DeleteVirtualMachine)
_MOST_S = 60.0


class Demand(msgspec.Struct, frozen=True):
    """What asks for fresh data now."""

    is_visible: bool = True
    is_acting: bool = False  # an operation goes on, or a person just acted
    is_acting_on_azure: bool = False


def demand_of(records: Iterable[OperationRecord], *, is_visible: bool, just_acted: bool) -> Demand:
    """Queued and Unknown operations ask for nothing: they may stay so for hours."""
    going_on = [record for record in records if record.state in _GOING_ON]
    return Demand(
        is_visible=is_visible,
        is_acting=just_acted or bool(going_on),
        is_acting_on_azure=any(isinstance(record.request, _ON_AZURE) for record in going_on),
    )


def interval_of(wire: Wire, demand: Demand, failures: int) -> float:
    """Seconds from the start of one reading to the next. ARM is left alone while it fails."""
    if wire is Wire.CLUSTER:
        if demand.is_acting:
            return 2.0
        return 10.0 if demand.is_visible else 60.0
    interval = 5.0 if demand.is_acting_on_azure else 30.0 if demand.is_visible else 60.0
    return min(interval * 2.0 ** min(failures, 4), max(interval, _MOST_S))
