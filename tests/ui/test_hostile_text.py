"""Every view that shows a name shows hostile ones as plain, whole-windowed, unhidden text."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QPainter
from PySide6.QtGui import Qt as GuiQt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QMessageBox, QWidget

from console.model.finding import Finding, Severity
from console.model.freshness import Fault, FaultCode
from console.model.operation import OperationRecord, OperationState, Progress, StepEntry
from console.model.request import LiveMigrate
from console.model.snapshot import ClusterSnapshot
from console.ui.main_window import MainWindow
from console.ui.store import Store
from console.ui.wizard import flow
from console.ui.wizard.create_vm_wizard import CreateVmWizard
from tests.faults.hostile import HOSTILE, UNSEEN
from tests.ui.conftest import RecordingBridge, settle
from tests.ui.sample import snapshot

replace = msgspec.structs.replace
S = OperationState
# The smallest screen that the window is made for.
NARROWEST = 1366


def hostile_site(text: str) -> ClusterSnapshot:
    """The small site with this text wherever a name or a message of the outside stands."""
    whole = snapshot("small")
    fault = Fault(FaultCode.UNKNOWN_WORD, text, text, text, text, at=time.time())
    renamed = {whole.nodes[0].name: text}
    nodes = tuple(replace(node, name=renamed.get(node.name, node.name)) for node in whole.nodes)
    vms = []
    for number, vm in enumerate(whole.vms):
        azure = vm.azure and replace(vm.azure, error_message=text, error_code=text)
        owner = vm.cluster.owner_node if vm.cluster is not None else None
        cluster = vm.cluster and replace(
            vm.cluster, mounted_iso=text, owner_node=renamed.get(owner or "", owner)
        )
        vms.append(replace(vm, name=f"{text}{number}", azure=azure, cluster=cluster))
    site = whole.site
    images = tuple(replace(image, name=f"{text}{n}") for n, image in enumerate(site.images))
    networks = tuple(
        replace(network, name=f"{text}{n}") for n, network in enumerate(site.logical_networks)
    )
    paths = tuple(replace(path, name=f"{text}{n}") for n, path in enumerate(site.storage_paths))
    return replace(
        whole,
        cluster=replace(whole.cluster, name=text),
        nodes=nodes,
        vms=tuple(vms),
        site=replace(site, images=images, logical_networks=networks, storage_paths=paths),
        arm=replace(whole.arm, faults=(fault,)),
    )


def hostile_record(store: Store, text: str, name: str, state: OperationState) -> OperationRecord:
    vm = next(iter(store.inventory.vms.values()))
    at = time.time()
    return OperationRecord(
        id=name,
        request=LiveMigrate(vm.key, text, text, text),
        title=f"Move {text} to {text}",
        state=state,
        created_at=at,
        actor=text,
        progress=Progress(text, 0.4, text) if state is S.RUNNING else None,
        findings=(Finding("runner", Severity.BLOCKS, text, remedy=text, evidence=text),),
        fault=Fault(FaultCode.REJECTED, text, text, text, text),
        result=text,
        commands=(text,),
        steps=(StepEntry(at, state, text, text),),
    )


def complaints(window: QWidget) -> Iterator[str]:
    """What is wrong with any text that this window shows or tells."""
    for label in window.findChildren(QLabel):
        shown = label.text()
        if label.textFormat() is not Qt.TextFormat.PlainText and GuiQt.mightBeRichText(shown):
            yield f"label {label.objectName()} reads markup: {shown[:60]!r}"
        if UNSEEN & set(shown):
            yield f"label {label.objectName()} hides letters: {shown[:60]!r}"
    for box in window.findChildren(QMessageBox):
        if box.textFormat() is not Qt.TextFormat.PlainText:
            yield f"a question reads markup: {box.text()[:60]!r}"
    for widget in [window, *window.findChildren(QWidget)]:
        told = widget.toolTip()
        if GuiQt.mightBeRichText(told) and not told.startswith("<qt>"):
            yield f"the tip of {widget.objectName()} reads markup: {told[:60]!r}"
        for where, text in (
            ("tip", told),
            ("title", widget.windowTitle()),
            ("name", widget.accessibleName()),
            ("description", widget.accessibleDescription()),
        ):
            if UNSEEN & set(text):
                yield f"the {where} of {widget.objectName()} hides letters: {text[:60]!r}"
    for button in window.findChildren(QAbstractButton):
        if UNSEEN & set(button.text()):
            yield f"button {button.objectName()} hides letters: {button.text()[:60]!r}"
    if window.minimumSizeHint().width() > NARROWEST:
        yield f"it needs {window.minimumSizeHint().width()} pixels"


def spoken(window: QWidget) -> str:
    """What a screen reader would say of everything in it."""
    said: list[str] = []
    waiting = [QAccessible.queryAccessibleInterface(window)]
    while waiting and len(said) < 4000:
        one = waiting.pop()
        if one is None or not one.isValid():
            continue
        said.append(one.text(QAccessible.Text.Name))
        waiting += [one.child(at) for at in range(min(one.childCount(), 80))]
    return "\n".join(said)


def everything_shown(window: MainWindow, text: str) -> None:
    """Walk through the views as a person would, each drawn for real."""
    store = window._store
    for number, state in enumerate((S.RUNNING, S.FAILED, S.BLOCKED, S.UNKNOWN, S.SUCCEEDED)):
        store.operation_changed(hostile_record(store, text, f"op-{number}", state))
    store.notice(Fault(FaultCode.REJECTED, text, text, text, text, at=time.time()))
    first = window.map.cards[0].keys[0]
    window.map.select({first}, cursor=first)
    _ = window.inspector, window.drawer, window.table
    settle()
    window.map._tip(window.map.tile_rect(first).center())
    QTest.mouseMove(window.map.viewport(), QPoint(200, 200))
    for number in range(5):
        window.drawer.select(f"op-{number}")
        settle(2)
    window._tabs.setCurrentIndex(1)
    window.table.list.set_cursor(window.table.rows.visible[0])
    window.table.search.setText(text[:200])
    settle(2)
    window.table.search.setText("")
    settle(2)
    assert not window.grab().isNull()


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text that our own painting code puts on the screen."""
    texts: list[str] = []
    real = QPainter.drawText

    def draw(painter: QPainter, *values: Any) -> Any:
        texts.extend(value for value in values if isinstance(value, str))
        return real(painter, *values)

    monkeypatch.setattr(QPainter, "drawText", draw)
    return texts


@pytest.mark.parametrize("kind", HOSTILE)
def test_the_main_window_shows_it_as_plain_text(
    window: MainWindow, painted: list[str], kind: str
) -> None:
    text = HOSTILE[kind]
    window._store.replace(hostile_site(text))
    everything_shown(window, text)
    assert len(painted) > 20
    raw = [one for one in painted if UNSEEN & set(one) or "\n" in one]
    assert not raw, raw[0][:80]
    found = list(complaints(window))
    assert not found, found[:5]
    assert window.width() <= NARROWEST
    assert not UNSEEN & set(spoken(window))


@pytest.mark.parametrize("kind", HOSTILE)
def test_the_wizard_shows_and_takes_it_as_plain_text(
    store: Store, bridge: RecordingBridge, tmp_path: Path, kind: str
) -> None:
    text = HOSTILE[kind]
    store.replace(hostile_site(text))
    wizard = CreateVmWizard(store, bridge, tmp_path)
    wizard.show()
    QTest.qWaitForWindowExposed(wizard)
    try:
        for page in range(flow.LAST + 1):
            wizard.show_page(page)
            settle(1)
            QApplication.processEvents()
            found = list(complaints(wizard))
            assert not found, (page, found[:5])
        for _token, callback in bridge.checks:
            callback((Finding("name_is_free", Severity.BLOCKS, text, remedy=text, evidence=text),))
        settle(2)
        found = list(complaints(wizard))
        assert not found, found[:5]
        assert not wizard.grab().isNull()
    finally:
        wizard._is_settled = True
        wizard.close()
        settle()
