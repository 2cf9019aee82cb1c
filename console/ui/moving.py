"""Moving VMs as a person asks for it: by drop, menu or key, and back again."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject

from console.model.operation import OperationRecord, OperationState
from console.model.request import LiveMigrate
from console.settings import Settings
from console.ui.ask import Ask
from console.ui.grace import Grace
from console.ui.plain_text import one_line
from console.ui.store import Store


class Moving(QObject):
    """``submit(*requests, title=)`` sends them, several as one group. Until ``grace`` is over
    nothing is sent.
    """

    def __init__(
        self,
        store: Store,
        ask: Ask,
        settings: Settings,
        submit: Callable[..., None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store, self._ask, self._settings, self._submit = store, ask, settings, submit
        self.grace = Grace(self)

    def move(self, keys: Sequence[str], target: str) -> None:
        """Live-migrate these VMs to a node: it can be undone for some seconds, or it is asked."""
        requests = self.requests(keys, target)
        if not requests or not self._settings.confirm_moves:
            self.hold(keys, target)
            return
        sources = ", ".join(sorted({request.source for request in requests}))
        title = _move_title(requests, target)
        self._ask.confirm(
            f"Move to {target}?",
            f"Live-migrate {_what(requests)} from {sources} to {target}?\n\n"
            "It keeps running; you can cancel while it moves.",
            "Move",
            lambda: self._submit(*requests, title=title),
            on_remember=self._stop_asking,
        )

    def hold(self, keys: Sequence[str], target: str) -> None:
        """Live-migrate them unless that is undone within seconds."""
        # Made now, with the owner that was seen: a VM that moves meanwhile is refused.
        requests = self.requests(keys, target)
        if requests:
            title = _move_title(requests, target)
            self.grace.hold(title, lambda: self._submit(*requests, title=title))

    def requests(self, keys: Sequence[str], target: str) -> list[LiveMigrate]:
        """One request for each of these VMs that is on another node; others are left out."""
        vms = self._store.inventory.vms
        return [
            LiveMigrate(key, vms[key].name, owner, target)
            for key in keys
            if key in vms and (owner := vms[key].owner_node) and owner != target
        ]

    def why_not(self, keys: Sequence[str]) -> str:
        """Why none of these can be moved at all, wherever to; empty if one can."""
        # Here and not above: the first frame needs no policy.
        from console.checks.platform_allows import refusal

        vms, release = self._store.inventory.vms, self._store.inventory.cluster.release
        placed = [vms[key] for key in keys if key in vms and vms[key].owner_node]
        if not placed:
            return "It is not on the cluster."
        refusals = [refusal("live_migrate", vm, release) for vm in placed]
        first = refusals[0]
        return "" if first is None or None in refusals else f"{first.text} {first.remedy}".strip()

    def can_go_back(self, record: OperationRecord) -> bool:
        request = record.request
        if not isinstance(request, LiveMigrate) or record.state is not OperationState.SUCCEEDED:
            return False
        vm = self._store.inventory.vms.get(request.vm_key)
        return vm is not None and vm.owner_node == request.target

    def back(self, record: OperationRecord) -> None:
        if isinstance(record.request, LiveMigrate):
            self.move([record.request.vm_key], record.request.source)

    def why_not_back(self, children: Sequence[OperationRecord]) -> str:
        """Why no VM of these moves can go back; empty if one can."""
        if any(map(self.can_go_back, children)):
            return ""
        return "Only VMs that arrived, and are still there, are moved back."

    def back_all(self, children: Sequence[OperationRecord]) -> None:
        """Every VM of a group that arrived and is still there goes back where it came from."""
        moves = [
            LiveMigrate(request.vm_key, request.vm_name, request.target, request.source)
            for record in children
            if self.can_go_back(record) and isinstance(request := record.request, LiveMigrate)
        ]
        if not moves:
            return
        one = f"Move {moves[0].vm_name} back to {moves[0].target}"
        title = one if len(moves) == 1 else f"Move {len(moves)} VMs back"
        self.grace.hold(title, lambda: self._submit(*moves, title=title))

    def _stop_asking(self) -> None:
        self._settings.confirm_moves = False


def _what(requests: Sequence[LiveMigrate]) -> str:
    return one_line(requests[0].vm_name) if len(requests) == 1 else f"{len(requests)} VMs"


def _move_title(requests: Sequence[LiveMigrate], target: str) -> str:
    return f"Move {_what(requests)} to {target}"
