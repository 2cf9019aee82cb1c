"""One view in a window of a process of its own: ``python -m tests.ui.spoken.shown wall|map``."""

import sys
import tempfile
from pathlib import Path

from PySide6.QtWidgets import QApplication, QWidget


def wall() -> QWidget:
    from console.ui.fleet_store import FleetStore
    from console.ui.views.fleet.fleet_page import FleetPage
    from tests.fleet_sample import fleet_snapshot

    store = FleetStore()
    store.load_stored(fleet_snapshot(1_000, 5))
    page = FleetPage(store, Path(tempfile.mkdtemp()))
    store.setParent(page)
    page.show_part(0)
    page.groups.finish()
    page.wall.finish()
    return page


def cluster_map() -> QWidget:
    from console.ui.store import Store
    from console.ui.views.cluster_map import ClusterMap
    from tests.ui.sample import snapshot

    store = Store()
    store.replace(snapshot("degraded"))
    view = ClusterMap(store)
    store.setParent(view)
    return view


if __name__ == "__main__":
    application = QApplication(sys.argv[:1])
    application.setApplicationName("shown")
    view = {"wall": wall, "map": cluster_map}[sys.argv[1]]()
    view.resize(1200, 800)
    view.show()
    print("shown", flush=True)
    application.exec()
