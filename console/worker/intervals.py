"""How often each wire is read, from what goes on and whether anybody looks."""

from collections.abc import Iterable

import msgspec

from console.model.freshness import Wire
from console.model.operation import OperationRecord, OperationState
from console.model.request import (
    ChangePowerState,
    CleanUpCreation,
    CreateVirtualMachine,
    DeleteVirtualMachine,
    DownloadImage,
)

_GOING_ON = (OperationState.CHECKING, OperationState.RUNNING, OperationState.VERIFYING)
_ON_AZURE = (
    CreateVirtualMachine,
    CleanUpCreation,
    DownloadImage,
    ChangePowerState,
    DeleteVirtualMachine,
)
_MOST_S = 60.0


class Demand(msgspec.Struct, frozen=True):
    """What asks for fresh data now."""

    is_visible: bool = True
    is_acting: bool = False  # an operation goes on, or a person just acted
    is_acting_on_azure: bool = False
    vms: int = 0  # how large the site is: reading it costs in proportion


def demand_of(
    records: Iterable[OperationRecord], *, is_visible: bool, just_acted: bool, vms: int = 0
) -> Demand:
    """Queued and Unknown operations ask for nothing: they may stay so for hours."""
    going_on = [record for record in records if record.state in _GOING_ON]
    return Demand(
        is_visible=is_visible,
        is_acting=just_acted or bool(going_on),
        is_acting_on_azure=any(isinstance(record.request, _ON_AZURE) for record in going_on),
        vms=vms,
    )


def interval_of(wire: Wire, demand: Demand, failures: int) -> float:
    """Seconds from the start of one reading to the next. ARM is left alone while it fails."""
    if wire is Wire.CLUSTER:
        if demand.is_acting:
            return 2.0
        return _idle_s(demand, 10.0, 20.0) if demand.is_visible else 60.0
    interval = 60.0
    if demand.is_acting_on_azure:
        interval = 5.0
    elif demand.is_visible:
        interval = _idle_s(demand, 30.0, 60.0)
    return min(interval * 2.0 ** min(failures, 4), max(interval, _MOST_S))


def _idle_s(demand: Demand, least: float, most: float) -> float:
    """Between ``least`` (up to 1,000 VMs) and ``most`` (from 2,000 on), while nobody acts.

    Keeps an idle console under 3 % of a core on a large site (tests/benchmarks, idle).
    """
    return min(most, max(least, least * demand.vms / 1000))
