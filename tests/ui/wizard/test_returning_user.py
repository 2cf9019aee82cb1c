"""A person who created a VM here before makes the next one in four interactions."""

import time

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from console.model.operation import OperationRecord, OperationState
from console.model.request import CreateVirtualMachine
from console.ui.main_window import MainWindow
from console.ui.wizard import flow
from console.ui.wizard.building import build_request
from console.ui.wizard.create_vm_wizard import CreateVmWizard
from tests.ui.conftest import RecordingBridge, settle

PASSWORD = "Canary-Passw0rd-1"
# Somebody who types 40 words a minute.
SIGNS_A_SECOND = 3.5
NOTHING = Qt.KeyboardModifier.NoModifier


class Person:
    """Counts what a person does: every key that is no letter of a text is an interaction."""

    def __init__(self) -> None:
        self.interactions = 0
        self.signs = 0

    def _focused(self, window: QWidget) -> QWidget:
        return QApplication.focusWidget() or window

    def press(
        self,
        window: QWidget,
        key: Qt.Key,
        held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
    ) -> None:
        self.interactions += 1
        QTest.keyClick(self._focused(window), key, held)
        settle()

    def type(self, window: QWidget, text: str) -> None:
        self.signs += len(text)
        QTest.keyClicks(self._focused(window), text)
        settle(1)


def created_before(window: MainWindow) -> None:
    inventory = window._store.inventory
    draft = flow.new_draft(inventory)
    draft.name, draft.admin_username = "web-77", "grace"
    window._store.operation_changed(
        OperationRecord(
            "before", build_request(draft, inventory), "Create web-77", OperationState.SUCCEEDED,
            1.0, started_at=1.0, ended_at=2.0,
        )
    )  # fmt: skip


def test_from_create_to_submitted_in_four_interactions(
    window: MainWindow, bridge: RecordingBridge
) -> None:
    created_before(window)
    window.activateWindow()
    person, alt = Person(), Qt.KeyboardModifier.AltModifier
    began = time.monotonic()
    person.press(window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    (wizard,) = window.findChildren(CreateVmWizard)
    QTest.qWaitForWindowActive(wizard)
    person.type(wizard, "web-78")
    person.press(wizard, Qt.Key.Key_8, alt)
    # Everything but the password can be asked of Azure and the cluster meanwhile.
    request, told = bridge.checks[-1]
    person.type(wizard, PASSWORD)
    person.press(wizard, Qt.Key.Key_Tab)
    person.type(wizard, PASSWORD)
    told(())
    settle()
    person.press(wizard, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    machine = time.monotonic() - began
    (sent, secrets, _group) = bridge.submitted[-1]
    assert isinstance(sent, CreateVirtualMachine)
    assert sent == request
    assert sent.spec.name == "web-78"
    assert sent.spec.admin_username == "grace"
    assert secrets == {"admin_password": PASSWORD}
    assert person.interactions <= 4
    assert person.signs / SIGNS_A_SECOND < 20, "seconds of typing"
    print(f"\n{person.interactions} interactions, {person.signs} signs, {machine:.2f} s here")


def test_passwords_typed_while_the_checks_run_do_not_ask_again(
    window: MainWindow, bridge: RecordingBridge
) -> None:
    created_before(window)
    window.open_wizard()
    settle()
    (wizard,) = window.findChildren(CreateVmWizard)
    wizard._on_changed("name", "web-78")
    wizard.show_page(flow.LAST)
    bridge.checks[-1][1](())
    assert not wizard._create.isEnabled(), "no password yet"
    for name in ("admin_password", "admin_password_again"):
        wizard._on_changed(name, PASSWORD)
    assert wizard._create.isEnabled()
    assert len(bridge.checks) == 1
    assert wizard._review._secrets.isVisible(), "not torn away under the hands"
    wizard._on_changed("admin_password_again", "other")
    assert not wizard._create.isEnabled()
    wizard._is_settled = True
    wizard.close()
    settle()


def test_a_password_typed_on_its_own_page_is_not_asked_for_again(
    window: MainWindow, bridge: RecordingBridge
) -> None:
    created_before(window)
    window.open_wizard()
    settle()
    (wizard,) = window.findChildren(CreateVmWizard)
    wizard._on_changed("name", "web-78")
    for name in ("admin_password", "admin_password_again"):
        wizard._on_changed(name, PASSWORD)
    wizard.show_page(flow.LAST)
    assert not wizard._review._secrets.isVisible()
    draft = msgspec.structs.replace(wizard.draft)
    assert draft.name == "web-78"
    wizard._is_settled = True
    wizard.close()
    settle()
