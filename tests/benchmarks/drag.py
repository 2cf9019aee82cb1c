"""A frame of a drag over ``large``: 2,000 tiles, VMs in the hand, every node answering.

A frame is what one move of the mouse costs the GUI thread: the event, the new verdict under the
mouse, and the painting, until nothing is left to do. Every 40 frames the cluster's word under the
mouse arrives, every 60 a reading with 40 changed VMs, as they do during a real drag. The floor is
a bare area of the same size that fills the same rectangles with one colour.
"""

import os
import statistics
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tests.benchmarks.row import Row

if TYPE_CHECKING:
    from PySide6.QtCore import QPoint

LIMIT_MS = 16.0
FRAMES = 1200
LIFTED = 50
LIFTS = 20


def run() -> list[Row]:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from console.ui import theme
    from console.ui.store import Store
    from console.ui.views.cluster_map import ClusterMap
    from tests.ui.sample import snapshot

    application = QApplication.instance() or QApplication([])
    theme.apply("light")
    store = Store()
    store.replace(snapshot("large"))
    map_ = ClusterMap(store)
    map_.resize(1360, 860)
    map_.show()
    _serve(application, 1.0)
    try:
        lifted = _lift(application, map_, store)
        frames = _frames(application, map_, store)
        floor = _floor(application, map_)
    finally:
        map_.dismiss()
        map_.close()
        map_.deleteLater()
        _serve(application, 0.1)
    every = [ms for ms, _, _ in frames]
    entering = [ms for ms, _, is_another in frames if is_another]
    # What a busy machine adds to the clock is not the map's: both are told.
    cpu = [ms for _, ms, _ in frames]
    what = f"drag frame, {len(store.inventory.vms):,} tiles, {LIFTED} VMs"
    return [
        Row(f"{what}, p50", statistics.median(every), "ms", floor=statistics.median(floor)),
        Row(f"{what}, p99", _p99(every), "ms", LIMIT_MS, floor=_p99(floor)),
        Row(f"{what}, worst of {FRAMES}", max(every), "ms", floor=max(floor)),
        Row("... p99 of the CPU's time alone", _p99(cpu), "ms", LIMIT_MS),
        Row(f"... onto another node, p99 of {len(entering)}", _p99(entering), "ms", LIMIT_MS),
        Row("lift, every node answers, painted, median", _median(lifted, 0), "ms", LIMIT_MS),
        Row("... of the CPU's time alone", _median(lifted, 1), "ms", LIMIT_MS),
        Row(f"... worst of {LIFTS}", max(ms for ms, _ in lifted), "ms"),
    ]


def _median(rows: list[tuple[float, float]], column: int) -> float:
    return statistics.median(row[column] for row in rows)


def _p99(times: list[float]) -> float:
    return statistics.quantiles(times, n=100)[98]


def _lift(application: object, map_: object, store: object) -> list[tuple[float, float]]:
    """Milliseconds by the clock and of the CPU, for each lift."""
    from console.ui.store import Store
    from console.ui.views.cluster_map import ClusterMap
    from console.ui.views.map_lift import lift

    assert isinstance(map_, ClusterMap)
    assert isinstance(store, Store)
    keys = [vm.key for vm in store.inventory.vms.values() if vm.owner_node]
    keys = keys[:: len(keys) // LIFTED][:LIFTED]
    map_.select(set(keys))
    spent = []
    for _ in range(LIFTS + 1):
        map_.dismiss()
        _serve(application, 0.05)
        started, used = time.perf_counter(), time.process_time()
        map_.take_up(lift(store, tuple(keys)))
        _paint(application)
        took = (time.perf_counter() - started) * 1000
        spent.append((took, (time.process_time() - used) * 1000))
    # The first one loads the checks, as the window does right after its first frame.
    return spent[1:]


def _frames(application: object, map_: object, store: object) -> list[tuple[float, float, bool]]:
    from PySide6.QtCore import QMimeData, QPoint, Qt
    from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent
    from PySide6.QtWidgets import QApplication

    from console.model.snapshot import SnapshotDelta
    from console.ui.store import Store
    from console.ui.views.cluster_map import ClusterMap
    from console.ui.views.map_drag import MIME

    assert isinstance(map_, ClusterMap)
    assert isinstance(store, Store)
    data = QMimeData()
    data.setData(MIME, b"")
    some_how = Qt.DropAction.MoveAction, data, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    # Qt hands moves only to what was entered.
    QApplication.sendEvent(map_.viewport(), QDragEnterEvent(QPoint(), *some_how, none))
    spent = []
    seen: set[str] = set()
    for at, point in zip(range(FRAMES), _path(map_), strict=False):
        move = QDragMoveEvent(point, *some_how, none)
        assert map_.lifted is not None
        before = map_.lifted.hovered
        started, used = time.perf_counter(), time.process_time()
        QApplication.sendEvent(map_.viewport(), move)
        if at % 40 == 20:
            map_._on_checked(tuple(map_.lifted.verdicts.values()), time.time())
        if at % 60 == 30:
            some = list(store.inventory.vms.values())[at : at + 40]
            changed = tuple(
                replace(vm, cluster=replace(vm.cluster, running_since=float(at)))
                for vm in some
                if vm.cluster is not None
            )
            wire = replace(store.inventory.cluster_wire, read_at=time.time())
            store.apply(SnapshotDelta(upserted=changed, cluster_wire=wire))
        _paint(application)
        took = (time.perf_counter() - started) * 1000
        cpu = (time.process_time() - used) * 1000
        spent.append((took, cpu, map_.lifted.hovered != before))
        seen.add(map_.lifted.hovered or "")
    assert len(seen) >= len(store.inventory.nodes), seen  # every node was under the mouse
    return spent


def _path(map_: object) -> Iterator["QPoint"]:
    """Over every card in sight and every chip, 7 pixels a move, again and again."""
    from PySide6.QtCore import QPoint

    from console.ui.views.cluster_map import ClusterMap

    assert isinstance(map_, ClusterMap)
    view = map_.viewport().rect()
    rests = [map_.card_rect(card.node) for card in map_.cards if card.node]
    rests = [rect.intersected(view) for rect in rests if rect.intersects(view)]
    stops = [rect.center() for rect in rests] + [chip.area.center() for chip in map_.chips]
    while True:
        for start, end in zip(stops, [*stops[1:], stops[0]], strict=True):
            steps = max(1, (end - start).manhattanLength() // 60)
            for step in range(steps):
                yield start + QPoint(end - start) * (step / steps)


def _floor(application: object, map_: object) -> list[float]:
    """The same rectangles, filled and nothing else."""
    from PySide6.QtGui import QPainter, QPaintEvent
    from PySide6.QtWidgets import QWidget

    from console.ui.views.cluster_map import ClusterMap

    assert isinstance(map_, ClusterMap)

    class Bare(QWidget):
        def paintEvent(self, event: QPaintEvent) -> None:
            painter = QPainter(self)
            painter.fillRect(event.rect(), self.palette().base())
            painter.end()

    bare = Bare()
    bare.resize(map_.size())
    bare.show()
    _serve(application, 0.2)
    rects = [map_.card_rect(card.node) for card in map_.cards[:2]]
    spent = []
    for _ in range(FRAMES):
        started = time.perf_counter()
        for rect in rects:
            bare.update(rect)
        _paint(application)
        spent.append((time.perf_counter() - started) * 1000)
    bare.close()
    bare.deleteLater()
    return spent


def _paint(application: object) -> None:
    """Until nothing is left to do: slices of drawing come one an event loop's turn."""
    for _ in range(3):
        application.processEvents()  # type: ignore[attr-defined]


def _serve(application: object, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        application.processEvents()  # type: ignore[attr-defined]
