"""The status bar's content: the age of each wire's data, the worker, and the lab marker."""

import time
from collections import Counter

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QLabel, QStatusBar

from console.model.freshness import WireReading
from console.ui import theme
from console.ui.bridge import Bridge
from console.ui.models.ages import age_text
from console.ui.models.operation_filter import Bucket, bucket_of
from console.ui.plain_text import plain, tip
from console.ui.store import Store


class StatusStrip:
    """Fills a status bar and keeps it true, once a second."""

    def __init__(self, bar: QStatusBar, store: Store, bridge: Bridge, lab_name: str) -> None:
        self._store, self._bridge = store, bridge
        self._cluster, self._azure, self._worker = QLabel(bar), QLabel(bar), QLabel(bar)
        for label, name in (
            (self._cluster, "status_cluster"),
            (self._azure, "status_azure"),
            (self._worker, "status_worker"),
        ):
            label.setObjectName(name)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setContentsMargins(8, 2, 8, 2)
            bar.addWidget(label)
        self._bar = bar
        self._has_lab_mark = False
        self.is_idle = False  # nothing is connected, so nothing has an age
        self.has_cluster = True  # a fleet's page tells by itself how well it is read
        if lab_name:
            self.mark_lab(lab_name)
        self._clock = QTimer(bar, interval=1000)
        self._clock.timeout.connect(self.tell)
        self._clock.start()
        store.readings_changed.connect(self.tell)
        store.snapshot_replaced.connect(self.tell)
        bridge.worker_changed.connect(self.tell)
        self.tell()

    def mark_lab(self, name: str) -> None:
        """Say for good that what is shown is simulated."""
        if self._has_lab_mark:
            return
        self._has_lab_mark = True
        marker = QLabel(f"LAB: simulated site ({name})", self._bar)
        marker.setObjectName("lab_marker")
        marker.setTextFormat(Qt.TextFormat.PlainText)
        marker.setStyleSheet(
            "QLabel { background: palette(highlight); color: palette(highlighted-text);"
            " padding: 2px 10px; border-radius: 3px; }"
        )
        self._bar.addPermanentWidget(marker)

    def tell(self) -> None:
        """Say how old everything is now."""
        for label in (self._cluster, self._azure):
            label.setVisible(self.has_cluster and not self.is_idle)
        if self.is_idle:
            self._worker.setText("Not connected")
            return
        inventory = self._store.inventory
        self._tell_wire(self._cluster, "Cluster", inventory.cluster_wire)
        self._tell_wire(self._azure, "Azure", inventory.arm)
        fault = self._bridge.worker_fault
        if fault is not None:
            self._worker.setText(plain(fault.summary))
            self._worker.setToolTip(tip(f"{fault.kept} {fault.remedy}".strip()))
        elif not self._bridge.is_ready:
            self._worker.setText("Starting…")
        else:
            self._worker.setText(_open_text(Counter(map(bucket_of, self._store.running()))))
            self._worker.setToolTip("Operations that are not over")
        self._worker.setVisible(bool(self._worker.text()))

    def _tell_wire(self, label: QLabel, name: str, reading: WireReading) -> None:
        now = time.time()
        age = age_text(reading.read_at, now)
        fault = next(iter(reading.faults), None)
        colors = theme.current()
        if reading.is_down and fault is not None:
            text, token = f"{name}: {fault.summary} Data from {age}.", "critical"
        elif self._store.is_stored:
            text, token = f"{name}: as of {age}, not read yet", "attention"
        elif reading.read_at is None:
            text, token = f"{name}: not read yet", "attention"
        elif reading.is_stale(now):
            text, token = f"{name}: stale, {age}", "attention"
        else:
            text, token = f"{name}: {age}", "muted"
        label.setText(plain(text))
        label.setToolTip(tip(f"{fault.remedy}\n{fault.detail}".strip()) if fault else "")
        label.setStyleSheet(f"color: {getattr(colors, token)};")


def _open_text(counts: Counter[Bucket]) -> str:
    """Operations: 2 running, 3 waiting, 1 not known; empty if all are over."""
    words = [
        f"{counts[bucket]} {word}"
        for bucket, word in (
            (Bucket.RUNNING, "running"),
            (Bucket.WAITING, "waiting"),
            (Bucket.UNKNOWN, "not known"),
        )
        if counts[bucket]
    ]
    return f"Operations: {', '.join(words)}" if words else ""
