"""What the window knows: the open cluster's inventory, operations, and how well everything is.

Owned by the GUI thread. Deltas arrive here and nowhere else; views read and never ask a wire.
"""

import math
import time
from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject, QTimer, Signal

from console import health as rules
from console.health import Health, HealthLevel
from console.model.earlier_moves import History, earlier_moves
from console.model.foreign_move import ForeignMove
from console.model.freshness import Fault
from console.model.inventory import Inventory
from console.model.operation import GroupRecord, OperationRecord
from console.model.snapshot import ClusterSnapshot, SnapshotDelta
from console.model.virtual_machine import VirtualMachine

# A frame has 16 ms; a slice of a large delta may take a quarter of it.
_SLICE_S = 0.004
_SLICE_VMS = 32
# Taking a VM is quick, but every view looks at it again: that has to fit into the frame too.
_SLICE_MOST_VMS = 192
# Ages are told in seconds, so what is judged by may be this old.
_SURROUNDINGS_S = 0.5
_NOT_KNOWN = Health(HealthLevel.UNKNOWN)


class Store(QObject):
    """Signals: ``snapshot_replaced()``; ``vms_changed(keys)`` with a tuple of keys, also of VMs
    that came or went; ``figures_changed(keys)`` where only metrics did; ``nodes_changed()``;
    ``site_changed()``; ``operations_changed(ids)``; ``groups_changed(ids)``;
    ``history_listed()`` after a listing: ``known_since`` tells how far it reaches;
    ``foreign_moves_changed()`` when somebody else's live migrations were seen;
    ``readings_changed()`` when a wire's age or fault changed; ``levels_changed(keys)`` when VMs
    that did not change may be judged otherwise, an empty tuple standing for all;
    ``noticed(Fault)``.
    """

    snapshot_replaced = Signal()
    vms_changed = Signal(tuple)
    figures_changed = Signal(tuple)
    nodes_changed = Signal()
    site_changed = Signal()
    operations_changed = Signal(tuple)
    groups_changed = Signal(tuple)
    history_listed = Signal()
    foreign_moves_changed = Signal()
    readings_changed = Signal()
    levels_changed = Signal(tuple)
    noticed = Signal(object)

    def __init__(self, parent: QObject | None = None, now: Callable[[], float] = time.time) -> None:
        """``now`` tells what ages are counted by: of the stored past, the moment looked at."""
        super().__init__(parent)
        self.now = now
        self.inventory = Inventory()
        self.operations: dict[str, OperationRecord] = {}
        self.groups: dict[str, GroupRecord] = {}
        self.foreign_moves: tuple[ForeignMove, ...] = ()
        # Every operation made since then (wall-clock seconds) is known; -inf: every one kept.
        self.known_since = math.inf
        self.is_stored = False  # shown from disk, nothing read yet in this session
        self._health: dict[str, Health] = {}
        self._node_health: dict[str, Health] = {}
        # Levels outlive a reading: what a tile shows rarely changes, a reason's age always does.
        self._levels: dict[str, HealthLevel] = {}
        # Since when the planes disagree, by the disagreement's id; kept by who watches alarms.
        self.disagreeing_since: dict[str, float] = {}
        # By VM key what Azure and the cluster say differently, where that is not to be expected.
        self.disagreeing: dict[str, str] = {}
        self._around: rules.Surroundings | None = None
        self._judged_under: tuple[object, ...] = ()
        self._to_judge: list[str] = []
        self._judging = QTimer(self, interval=0)
        self._judging.timeout.connect(self._judge_slice)
        self._pending: list[VirtualMachine] = []
        self._slices = QTimer(self, interval=0)
        self._slices.timeout.connect(self._apply_slice)

    def load_stored(self, snapshot: ClusterSnapshot) -> None:
        """What was known last time: shown at once, marked stale until a wire answers."""
        self.replace(snapshot)
        self.is_stored = True
        self.readings_changed.emit()

    def replace(self, snapshot: ClusterSnapshot) -> None:
        """Take a whole snapshot."""
        self._slices.stop()
        self._pending.clear()
        self.inventory.replace(snapshot)
        self.is_stored = False
        self._health.clear()
        self._node_health.clear()
        self._levels.clear()
        self._around = None
        self._judged_under = self._circumstances()
        self.snapshot_replaced.emit()
        self.readings_changed.emit()

    def apply(self, delta: SnapshotDelta) -> None:
        """Apply a delta; many VMs are taken in slices so that no frame is late."""
        self.finish_slices()
        self.is_stored = False
        upserted = delta.upserted
        self.inventory.apply(
            SnapshotDelta(
                removed=delta.removed,
                metrics=delta.metrics,
                nodes=delta.nodes,
                cluster=delta.cluster,
                site=delta.site,
                arm=delta.arm,
                cluster_wire=delta.cluster_wire,
            )
        )
        readings = delta.arm is not None or delta.cluster_wire is not None
        if readings or delta.nodes is not None or delta.cluster is not None:
            # A node's state or a wire's silence colours its VMs too.
            self._around = None
            self._health.clear()
            self._node_health.clear()
            self._look_at_circumstances()
        for key in delta.removed:
            self._health.pop(key, None)
            self._levels.pop(key, None)
        if upserted:
            self._pending = list(reversed(upserted))
            self._apply_slice()
        if delta.removed:
            self.vms_changed.emit(delta.removed)
        if delta.metrics:
            self.figures_changed.emit(tuple(key for key, _ in delta.metrics))
        if delta.nodes is not None or delta.cluster is not None:
            self.nodes_changed.emit()
        if delta.site is not None:
            self.site_changed.emit()
        if readings:
            self.readings_changed.emit()

    def finish_slices(self) -> None:
        """Take what is left of an earlier delta now: the order of deltas is kept."""
        while self._pending:
            self._apply_slice()

    def _apply_slice(self) -> None:
        deadline = time.perf_counter() + _SLICE_S
        keys: list[str] = []
        while self._pending and len(keys) < _SLICE_MOST_VMS and time.perf_counter() < deadline:
            batch = [self._pending.pop() for _ in range(min(_SLICE_VMS, len(self._pending)))]
            self.inventory.apply(SnapshotDelta(upserted=tuple(batch)))
            keys += [vm.key for vm in batch]
        for key in keys:
            self._health.pop(key, None)
            self._levels.pop(key, None)
        if self._pending:
            self._slices.start()
        else:
            self._slices.stop()
        if keys:
            self.vms_changed.emit(tuple(keys))

    # -- operations ----------------------------------------------------------------------------
    def operation_changed(self, *records: OperationRecord) -> None:
        for record in records:
            self.operations[record.id] = record
        self.operations_changed.emit(tuple(record.id for record in records))

    def history_known(self, back_to: float | None) -> None:
        """A listing reached back to this moment; None: to the oldest operation that is kept."""
        self.known_since = min(self.known_since, -math.inf if back_to is None else back_to)
        self.history_listed.emit()

    def groups_known(self, *groups: GroupRecord) -> None:
        """These groups are new or changed; their operations arrive as records of their own."""
        for group in groups:
            self.groups[group.id] = group
        if groups:
            self.groups_changed.emit(tuple(group.id for group in groups))

    def foreign_moves_seen(self, moves: tuple[ForeignMove, ...]) -> None:
        """What somebody else moves or moved, newest first; replaces what was known."""
        self.foreign_moves = moves
        self.foreign_moves_changed.emit()

    def running(self) -> list[OperationRecord]:
        """Unfinished operations, oldest first."""
        return [record for record in self.operations.values() if not record.is_over]

    def earlier_moves(self, keys: Iterable[str]) -> History:
        """What is known of earlier live migrations of these VMs."""
        return earlier_moves(self.operations.values(), keys)

    def notice(self, fault: Fault) -> None:
        self.noticed.emit(fault)

    # -- health --------------------------------------------------------------------------------
    def surroundings(self) -> "rules.Surroundings":
        """What everything is judged by now; the same one for what is judged in one go."""
        now = self.now()
        if self._around is None or abs(now - self._around.now) > _SURROUNDINGS_S:
            self._around = rules.Surroundings.of(self.inventory, now, self.disagreeing_since)
        return self._around

    def health_of(self, key: str) -> Health:
        """A VM's health, worked out once a change; an unknown key is not known."""
        known = self._health.get(key)
        if known is not None:
            return known
        vm = self.inventory.vms.get(key)
        if vm is None:
            return _NOT_KNOWN
        health = rules.assess_vm(vm, self.surroundings())
        self._health[key] = health
        return health

    def level_of(self, key: str) -> HealthLevel:
        """What a tile or a row shows: as ``health_of``, but kept while nothing bears on it."""
        level = self._levels.get(key)
        if level is None:
            level = self.health_of(key).level
            self._levels[key] = level
        return level

    def health_of_node(self, name: str) -> Health:
        known = self._node_health.get(name)
        if known is not None:
            return known
        node = self.inventory.nodes.get(name)
        if node is None:
            return _NOT_KNOWN
        health = rules.assess_node(node, self.surroundings())
        self._node_health[name] = health
        return health

    def tell_disagreeing(self, found: dict[str, str]) -> None:
        """What the watch over alarms found; VMs that look otherwise for it are told of."""
        before, self.disagreeing = self.disagreeing, found
        others = before.keys() ^ found.keys()
        if others:
            self.levels_changed.emit(tuple(others))

    def forget_health(self) -> None:
        """Time passed: what rests on ages has to be worked out anew, a few VMs at a time."""
        self._around = None
        self._health.clear()
        self._node_health.clear()
        self._look_at_circumstances()
        self._to_judge = list(self._levels)
        self._judging.start()

    def _circumstances(self) -> tuple[object, ...]:
        """What beside itself a VM is judged by: silent wires, then nodes and their states."""
        arm, wire = self.inventory.arm, self.inventory.cluster_wire
        silence = (wire.is_stale(self.now()), wire.read_at is None, arm.read_at is None)
        states = {node.name: node.state for node in self.inventory.nodes.values()}
        return (*silence, self.surroundings().storage_words()), states

    def _look_at_circumstances(self) -> None:
        before, self._judged_under = self._judged_under, self._circumstances()
        if before == self._judged_under:
            return
        if not before or before[0] != self._judged_under[0]:
            self._levels.clear()
            self.levels_changed.emit(())
            return
        old, new = before[1], self._judged_under[1]
        assert isinstance(old, dict)
        assert isinstance(new, dict)
        keys = [
            key
            for name in old.keys() | new.keys()
            if old.get(name) != new.get(name)
            for key in self.inventory.keys_by_owner.get(name, ())
        ]
        for key in keys:
            self._levels.pop(key, None)
        self.levels_changed.emit(tuple(keys))

    def _judge_slice(self) -> None:
        """Work levels out again for a part of a frame; tell those that are others now."""
        deadline = time.perf_counter() + _SLICE_S / 2
        others = []
        while self._to_judge and time.perf_counter() < deadline:
            key = self._to_judge.pop()
            known = self._levels.get(key)
            if known is None:
                continue
            self._levels[key] = self.health_of(key).level
            if self._levels[key] is not known:
                others.append(key)
        if not self._to_judge:
            self._judging.stop()
        if others:
            self.levels_changed.emit(tuple(others))

    def count_levels(self, keys: Iterable[str]) -> dict[HealthLevel, int]:
        """How many of these VMs are at which level."""
        counts: dict[HealthLevel, int] = {}
        for key in keys:
            level = self.level_of(key)
            counts[level] = counts.get(level, 0) + 1
        return counts
