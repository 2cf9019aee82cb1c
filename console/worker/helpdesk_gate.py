"""Read-only by construction: what a helpdesk may not do is refused before anything sees it."""

from collections.abc import Iterable, Sequence

from console.channel.messages import (
    Cancel,
    CancelGroup,
    Reorder,
    StopGroup,
    Submit,
    SubmitGroup,
    ToWorker,
)
from console.model import helpdesk
from console.model.freshness import Fault, FaultCode
from console.model.operation import OperationRecord


def refused(message: ToWorker, unfinished: Sequence[OperationRecord]) -> tuple[str, ...]:
    """The ids of operations or groups that are refused; empty if the message may pass.

    A group is refused whole: part of it would be another act than the one asked for.
    """
    match message:
        case Submit():
            return () if helpdesk.may(message.request) else (message.operation_id,)
        case SubmitGroup():
            if all(helpdesk.may(part.request) for part in message.parts):
                return ()
            return tuple(part.operation_id for part in message.parts)
        case Cancel() | Reorder():
            name = message.operation_id
            return () if _may_touch(r for r in unfinished if r.id == name) else (name,)
        case CancelGroup() | StopGroup():
            name = message.group_id
            return () if _may_touch(r for r in unfinished if r.group_id == name) else (name,)
        case _:
            return ()


def fault(at: float) -> Fault:
    return Fault(
        FaultCode.REJECTED,
        helpdesk.REASON,
        remedy=helpdesk.REMEDY,
        kept="Nothing was sent.",
        at=at,
    )


def _may_touch(records: Iterable[OperationRecord]) -> bool:
    return all(helpdesk.may(record.request) for record in records)
