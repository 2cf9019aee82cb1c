"""A copy of what the window knows, in which moves are done at once, kept current with the cluster.

Planning mode shows it: the same map and the same checks, on a cluster that does not exist.
"""

from collections.abc import Sequence

import msgspec
from PySide6.QtCore import QObject, Signal

from console.model.inventory import Inventory
from console.model.plan import Method, Plan, PlanKind, PlannedMove
from console.model.request import MoveMethod
from console.model.snapshot import SnapshotDelta
from console.planning.copied_cluster import copy_of, put
from console.planning.method import usual_method
from console.ui.store import Store

_CHOSEN = "Dragged there in planning mode."


class PlannedStore(QObject):
    """``store`` is the copy; its owner is this object. The order of moves is that of the drags.

    Signal: ``changed()`` when a move was added or taken back, or one does not hold any more.
    """

    changed = Signal()

    def __init__(self, live: Store, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._live = live
        self.store = Store(self)
        self.moves: tuple[PlannedMove, ...] = ()
        self._batches: list[int] = []  # how many moves each drag made
        self._make_anew()
        live.snapshot_replaced.connect(self._make_anew)
        live.vms_changed.connect(self._on_vms)
        live.figures_changed.connect(self._on_figures)
        live.nodes_changed.connect(self._on_nodes)
        live.readings_changed.connect(self._on_readings)

    def move(self, keys: Sequence[str], target: str, how: MoveMethod = MoveMethod.LIVE) -> None:
        """One drag: these VMs are on ``target`` from now on, in the copy."""
        inventory = self.store.inventory
        made = []
        for key in keys:
            vm = inventory.vms.get(key)
            if vm is None or not vm.owner_node or vm.owner_node == target:
                continue
            method = Method.QUICK if how is MoveMethod.QUICK else usual_method(vm)
            made.append(PlannedMove(key, vm.name, vm.owner_node, target, method, _CHOSEN))
        if made:
            self.moves += tuple(made)
            self._batches.append(len(made))
            self._put_right([move.vm_key for move in made])
            self.changed.emit()

    def undo(self) -> None:
        """Take the last drag back."""
        if not self._batches:
            return
        count = self._batches.pop()
        undone = self.moves[-count:]
        self.moves = self.moves[:-count]
        self._put_right([move.vm_key for move in undone])
        self.changed.emit()

    def words(self) -> dict[str, str]:
        """By VM that was dragged: where it really is."""
        vms = self._live.inventory.vms
        return {
            move.vm_key: f"from {vms[move.vm_key].owner_node}"
            for move in self.moves
            if move.vm_key in vms and vms[move.vm_key].owner_node != self._target(move.vm_key)
        }

    def as_plan(self, now: float) -> Plan:
        """The drags in order. A VM that was dragged twice goes straight to its last node."""
        last = {move.vm_key: move.target for move in self.moves}
        first: dict[str, PlannedMove] = {}
        for move in self.moves:
            first.setdefault(move.vm_key, move)
        straight = (
            msgspec.structs.replace(move, target=last[key])
            for key, move in first.items()
            if move.source != last[key]
        )
        name = self._live.inventory.cluster.name
        return Plan(PlanKind.ARRANGED, name, now, tuple(straight))

    # -- following the cluster -----------------------------------------------------------------
    def _target(self, key: str) -> str | None:
        return next((m.target for m in reversed(self.moves) if m.vm_key == key), None)

    def _planned(self) -> Inventory:
        """The cluster as it is, with every move done in it."""
        planned = copy_of(self._live.inventory)
        for move in self.moves:
            vm = planned.vms.get(move.vm_key)
            if vm is not None and move.target in planned.nodes and vm.owner_node != move.target:
                put(planned, move.vm_key, move.target)
        return planned

    def _make_anew(self) -> None:
        self.store.replace(self._planned().snapshot())

    def _put_right(self, keys: Sequence[str]) -> None:
        """These VMs, and all nodes, as planned."""
        planned = self._planned()
        vms = tuple(planned.vms[key] for key in keys if key in planned.vms)
        gone = tuple(key for key in keys if key not in planned.vms)
        nodes = tuple(planned.nodes.values())
        self.store.apply(SnapshotDelta(upserted=vms, removed=gone, nodes=nodes))
        self.store.finish_slices()

    def _on_vms(self, keys: Sequence[str]) -> None:
        self._put_right(keys)

    def _on_figures(self, keys: Sequence[str]) -> None:
        vms = self._live.inventory.vms
        figures = tuple((key, m) for key in keys if key in vms and (m := vms[key].metrics))
        self.store.apply(SnapshotDelta(metrics=figures))

    def _on_nodes(self) -> None:
        self._put_right(())
        self.store.apply(SnapshotDelta(cluster=self._live.inventory.cluster))

    def _on_readings(self) -> None:
        live = self._live.inventory
        self.store.apply(SnapshotDelta(arm=live.arm, cluster_wire=live.cluster_wire))
