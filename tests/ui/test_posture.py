"""The posture by keys: its rows, the way to their VMs, and a copy as evidence."""

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from console.health import HealthLevel
from console.model.snapshot import SnapshotDelta
from console.model.virtual_machine import SecurityType
from console.ui.main_window import MainWindow
from console.ui.models import markdown
from console.ui.store import Store
from tests.ui.conftest import settle
from tests.ui.sample import snapshot

replace = msgspec.structs.replace


def test_a_point_leads_to_its_vms_by_keys(window: MainWindow, store: Store) -> None:
    known = snapshot("small")
    store.replace(known)
    window.health.open(3)
    settle()
    view = window.health.page.posture
    assert view.tree.hasFocus()
    order = [point.id for point in view.points]
    vm = next(
        vm for vm in known.vms if vm.cluster and vm.cluster.security is SecurityType.TRUSTED_LAUNCH
    )
    store.apply(SnapshotDelta(upserted=(replace(vm, cluster=replace(vm.cluster, vtpm=False)),)))
    view.look()
    assert [point.id for point in view.points] == order
    for _ in range(order.index("vtpm")):
        QTest.keyClick(view.tree, Qt.Key.Key_Down)
    chosen = view.chosen
    assert chosen is not None
    assert (chosen.id, chosen.level) == ("vtpm", HealthLevel.ATTENTION)
    says = view.findChild(QLabel, "posture_says")
    assert says is not None
    assert says.text().startswith("vTPM on: look at it. 1 of ")
    button = view.findChild(QPushButton, "posture_rows")
    assert button is not None
    assert button.text() == "Show 1 VM as &rows"
    QTest.keyClick(view.tree, Qt.Key.Key_Return)
    settle()
    assert window._tabs.currentIndex() == 1
    assert window.table.rows.visible == [vm.key]


def test_each_row_is_spoken_with_its_state(window: MainWindow, store: Store) -> None:
    store.replace(snapshot("small"))
    window.health.open(3)
    settle()
    view = window.health.page.posture
    for at, point in enumerate(view.points):
        item = view.tree.topLevelItem(at)
        assert item is not None
        spoken = str(item.data(0, Qt.ItemDataRole.AccessibleTextRole))
        assert spoken.startswith(f"{point.title}: ")
        if point.level is HealthLevel.UNKNOWN:
            assert "not known" in spoken


def test_the_copy_is_evidence_that_nothing_can_break(window: MainWindow, store: Store) -> None:
    known = snapshot("small")
    hostile = replace(known.cluster, name="# x|<b>\n[y](z)")
    store.replace(replace(known, cluster=hostile))
    window.health.open(3)
    settle()
    view = window.health.page.posture
    button = view.findChild(QPushButton, "posture_copy")
    assert button is not None
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    text = QApplication.clipboard().text()
    first, *lines = text.splitlines()
    assert first.startswith(f"# Trusted launch posture of {markdown.cell(hostile.name)}, ")
    rows = [line for line in lines if line.startswith("| ")]
    assert len(rows) == len(view.points) + 1
    assert all(row.replace("\\|", "").count("|") == 6 for row in rows)
    assert any("nobody looked" in row for row in rows)


def test_it_looks_only_while_it_is_seen(window: MainWindow, store: Store) -> None:
    store.replace(snapshot("small"))
    view = window.health.page.posture
    assert not view._clock.isActive()
    window.health.open(3)
    settle()
    assert view._clock.isActive()
    window.show_map()
    settle()
    assert not view._clock.isActive()
