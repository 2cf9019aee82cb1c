"""What can be done about a VM's move from its tile or row: begin it, stop it, take it back."""

from collections.abc import Callable, Sequence

from console.model.operation import OperationRecord, OperationState
from console.model.request import LiveMigrate
from console.ui.entry import Entry, Scope
from console.ui.models.cancel_words import why_it_goes_on
from console.ui.moving import Moving
from console.ui.store import Store


def move_entries(
    store: Store,
    moving: Moving,
    choose: Callable[[tuple[str, ...]], None],
    cancel: Callable[[str], object],
) -> tuple[Entry, ...]:
    """``choose(keys)`` opens the chooser of nodes, ``cancel(operation_id)`` stops one."""

    def stop(keys: Sequence[str]) -> None:
        for record in _running(store, keys):
            if record.can_cancel and not record.cancel_requested:
                cancel(record.id)

    def why_no_stop(keys: Sequence[str]) -> str:
        running = _running(store, keys)
        if not running:
            return "No move of it that this console started is under way."
        if all(record.cancel_requested for record in running):
            return "It is being cancelled."
        reasons = [why_it_goes_on(record) for record in running]
        return reasons[0] if all(reasons) else ""

    return (
        Entry(
            "move_to_node",
            "&Move to node…",
            Scope.VMS,
            lambda keys: choose(tuple(keys)),
            moving.why_not,
            "Ctrl+M",
            words="live migrate",
        ),
        Entry("cancel_move", "&Cancel its move", Scope.VMS, stop, why_no_stop),
        Entry(
            "move_back",
            "Move &back",
            Scope.VMS,
            lambda keys: moving.back_all(_last_moves(store, keys)),
            lambda keys: moving.why_not_back(_last_moves(store, keys)),
        ),
    )


def _running(store: Store, keys: Sequence[str]) -> list[OperationRecord]:
    return [
        record
        for record in store.running()
        if isinstance(record.request, LiveMigrate) and record.request.vm_key in keys
    ]


def _last_moves(store: Store, keys: Sequence[str]) -> list[OperationRecord]:
    """The newest finished move of each of these VMs."""
    wanted = set(keys)
    found: dict[str, OperationRecord] = {}
    for record in store.operations.values():
        request = record.request
        if not isinstance(request, LiveMigrate) or request.vm_key not in wanted:
            continue
        known = found.get(request.vm_key)
        is_newer = known is None or record.created_at > known.created_at
        if record.state is OperationState.SUCCEEDED and is_newer:
            found[request.vm_key] = record
    return [found[key] for key in keys if key in found]
