"""Failed creations of a group are cleaned up and made again, once the password was typed."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from console.model.operation import GroupRecord, OperationRecord, OperationState
from console.model.request import (
    CleanUpCreation,
    CreateVirtualMachine,
    DomainJoinSpec,
    VirtualMachineSpec,
)
from console.ui.create_failed_again import CreateFailedAgain
from console.ui.main_window import MainWindow
from console.ui.store import Store
from tests.ui.conftest import RecordingBridge, settle

S = OperationState


def creation(name: str, state: OperationState, *, joins: bool = False) -> OperationRecord:
    join = DomainJoinSpec("contoso.example", "joiner@contoso.example") if joins else None
    spec = VirtualMachineSpec(name, "s", "g", "l", "c", domain_join=join)
    return OperationRecord(
        f"op-{name}", CreateVirtualMachine(spec), f"Create {name}", state, 1.0, group_id="g"
    )


@pytest.mark.parametrize("joins", [False, True])
def test_only_the_failed_are_cleaned_and_made_again(
    window: MainWindow, store: Store, bridge: RecordingBridge, qtbot: QtBot, joins: bool
) -> None:
    store.groups_known(GroupRecord("g", "Create 4 VMs", 1.0))
    store.operation_changed(
        creation("a", S.SUCCEEDED, joins=joins),
        creation("b", S.FAILED, joins=joins),
        creation("c", S.BLOCKED, joins=joins),
        creation("d", S.UNKNOWN, joins=joins),
    )
    window.actions_table.retry_failed("g")
    settle()
    dialog = window.findChild(CreateFailedAgain)
    assert dialog is not None
    go = dialog.findChild(QPushButton, "again_go")
    admin = dialog.findChild(QLineEdit, "again_admin_password")
    domain = dialog.findChild(QLineEdit, "again_domain_password")
    assert go is not None
    assert admin is not None
    assert domain is not None
    assert domain.isVisible() == joins
    assert not go.isEnabled()
    QTest.keyClicks(admin, "Canary-1")
    if joins:
        assert not go.isEnabled()
        QTest.keyClicks(domain, "Canary-2")
    QTest.keyClick(domain if joins else admin, Qt.Key.Key_Return)
    settle()
    cleaning, creating = bridge.groups
    assert [part.request for part in cleaning[2]] == [
        CleanUpCreation("op-b", creation("b", S.FAILED, joins=joins).request.spec)  # type: ignore[union-attr]
    ]
    assert (creating[0], creating[1]) == ("g", "Create 4 VMs")
    assert [part.retry_of for part in creating[2]] == ["op-b", "op-c"]
    wanted = {"admin_password": "Canary-1", **({"domain_password": "Canary-2"} if joins else {})}
    assert [dict(part.secrets) for part in creating[2]] == [wanted, wanted]


def test_not_now_sends_nothing(
    window: MainWindow, store: Store, bridge: RecordingBridge, qtbot: QtBot
) -> None:
    store.groups_known(GroupRecord("g", "Create 1 VM", 1.0))
    store.operation_changed(creation("b", S.FAILED))
    window.actions_table.retry_failed("g")
    settle()
    dialog = window.findChild(CreateFailedAgain)
    assert dialog is not None
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    settle()
    assert bridge.groups == []
