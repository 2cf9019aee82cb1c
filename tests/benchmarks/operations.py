"""Gaps of the GUI thread while 500 operations in sight change at once, every half second."""

import os
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.benchmarks.row import Row

COUNT = 500
ROUNDS = 40
_EVERY_S = 0.5


def run() -> list[Row]:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    return [*_measure(is_group=False), *_measure(is_group=True)]


def _measure(*, is_group: bool) -> list[Row]:
    """What a reader thread hands over, as the window takes it; the drawer is open."""
    import gc

    import msgspec
    from PySide6.QtCore import Qt
    from PySide6.QtWidgets import QApplication

    from console.channel.messages import OperationChanged
    from console.model.operation import GroupRecord, OperationRecord, OperationState, Progress
    from console.ui import gallery_operations, gallery_views, theme
    from console.ui.bridge import Bridge
    from console.ui.stall_watchdog import StallWatchdog
    from tests.ui.sample import snapshot

    application = QApplication.instance() or QApplication([])
    theme.apply("light")
    site = snapshot("large")
    states = (OperationState.RUNNING, OperationState.SUCCEEDED, OperationState.UNKNOWN)
    wanted = gallery_operations.moves(site)
    requests = [next(wanted) for _ in range(COUNT)]

    def changes(number: int) -> list[OperationRecord]:
        made = [
            gallery_operations.record(
                f"op-{at}", request, states[0 if (number + at) % 9 else at % 3], 60.0 + at / 100
            )
            for at, request in enumerate(requests)
        ]
        progress = Progress("Memory", (number % 50) / 50, f"pass {number}")
        group_id = "group" if is_group else ""
        replace = msgspec.structs.replace
        return [
            replace(record, group_id=group_id, progress=None if record.is_over else progress)
            for record in made
        ]

    with tempfile.TemporaryDirectory() as folder:
        main = gallery_views.window(site, Path(folder), "large")
        bridge = Bridge(main._store, Path(folder) / "log")
        main.resize(1360, 860)
        main.show()
        main.resizeDocks([main._docks["operations"]], [420], Qt.Orientation.Vertical)
        main._store.groups_known(GroupRecord("group", "Move 500 VMs", time.time(), "me"))
        main._store.operation_changed(*changes(0))
        main.drawer.select("group" if is_group else "op-0")
        main.drawer.tree.expandAll()
        rounds = [[OperationChanged(r) for r in changes(n)] for n in range(1, ROUNDS + 1)]
        _spin(1.0)
        gc.collect()
        gc.freeze()
        sys.setswitchinterval(0.001)
        watchdog = StallWatchdog(lambda _seconds, _stack: None)
        watchdog.start()
        for messages in rounds:

            def arrive(messages: list[OperationChanged] = messages) -> None:
                for message in messages:
                    bridge._on_message(message)

            reader = threading.Thread(target=arrive)
            reader.start()
            _spin(_EVERY_S)
            reader.join()
        watchdog.stop()
        main.close()
        main.deleteLater()
        bridge.deleteLater()
        gallery_views.settle(application, 5)  # type: ignore[arg-type]
    what = "500 in a group" if is_group else "500 operations"
    return [
        Row(f"GUI gap, {what} change, p99", watchdog.percentile_ms(0.99), "ms", 16.0),
        Row(f"GUI gap, {what} change, worst", max(watchdog.gaps_ms), "ms", 50.0),
    ]


def _spin(seconds: float) -> None:
    """Serve the event loop as the application does."""
    from PySide6.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    QTimer.singleShot(int(seconds * 1000), loop.quit)
    loop.exec()
