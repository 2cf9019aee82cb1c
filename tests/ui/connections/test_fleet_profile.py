"""A fleet is chosen in the form: the whole of what the account sees, or some subscriptions."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QListWidget, QPushButton

from console import profiles
from console.model.connection import (
    ArmEndpoint,
    AzureAccount,
    ClusterEndpoint,
    SiteEndpoints,
    Subscription,
)
from console.settings import Settings
from console.ui.bridge import chores
from console.ui.connections.connector import Connector
from console.ui.connections.doors import what_is
from console.ui.connections.profile_editor import ProfileEditor
from console.ui.main_window import MainWindow
from tests.ui.conftest import settle
from tests.ui.connections.test_connections import Chores

_IDS = tuple(f"00000000-0000-4000-8000-00000000000{at}" for at in (1, 2))


@pytest.fixture
def bridge(qapp: QApplication) -> Chores:
    return Chores()


@pytest.fixture
def connector(window: MainWindow, bridge: Chores, tmp_path: Path) -> Connector:
    return Connector(window, bridge, Settings(), tmp_path / "config")  # type: ignore[arg-type]


def choose_fleet(editor: ProfileEditor) -> None:
    scope = editor.findChild(QComboBox, "scope")
    assert scope is not None
    scope.setFocus()
    QTest.keyClick(scope, Qt.Key.Key_Down)
    settle()


def signed_in(editor: ProfileEditor, bridge: Chores) -> None:
    editor.azure.sign_in.click()
    question, answer = bridge.last(chores.SignInTo)
    seen = tuple(Subscription(name, f"Site {at}") for at, name in enumerate(_IDS))
    account = AzureAccount("g@contoso.com", "{}", True, "Kept.", (), seen)
    answer(chores.SignedIn(question.token, account))  # type: ignore[operator]


def test_some_subscriptions_are_chosen_by_keys_and_kept_as_a_fleet(
    window: MainWindow, bridge: Chores, connector: Connector
) -> None:
    connector.begin()
    settle()
    heard: list[tuple[object, ...]] = []
    connector.opened.connect(lambda *what: heard.append(what))
    editor = connector.new("azure")
    settle()
    assert not editor.azure.scope_words.isVisible()
    choose_fleet(editor)
    assert editor.azure.scope_words.isVisible()
    assert not editor.tabs.isTabEnabled(1)  # nodes belong to one cluster
    signed_in(editor, bridge)
    listed = editor.findChild(QListWidget, "subscriptions")
    assert listed is not None
    listed.setFocus()
    listed.setCurrentRow(1)
    QTest.keyClick(listed, Qt.Key.Key_Space)
    name = editor.findChild(QLineEdit, "profile_name")
    keep = editor.findChild(QPushButton, "keep_and_open")
    assert name is not None
    assert keep is not None
    QTest.keyClicks(name, "Stores")
    keep.click()
    settle()
    ((profile, _secrets),) = heard
    assert profile.arm is None  # type: ignore[attr-defined]
    assert profile.cluster is None  # type: ignore[attr-defined]
    fleet = profile.fleet  # type: ignore[attr-defined]
    assert fleet.id == profile.id != "new"  # type: ignore[attr-defined]
    assert fleet.arm.subscription_ids == (_IDS[1],)
    assert fleet.arm.sign_in.account == "g@contoso.com"
    found, faults = profiles.load_all(connector._folder)
    assert faults == ()
    assert found == (profile,)
    assert what_is(found[0]) == "Azure as g@contoso.com, fleet of 1 subscription"


def test_none_checked_is_the_whole_fleet_and_editing_keeps_what_is_not_in_the_form(
    window: MainWindow, bridge: Chores
) -> None:
    editor = ProfileEditor(bridge, None, "azure", window)  # type: ignore[arg-type]
    editor.open()
    choose_fleet(editor)
    QTest.keyClicks(editor.name, "Stores")
    whole = editor.profile
    assert whole.fleet is not None
    assert whole.fleet.arm.subscription_ids == ()
    assert what_is(whole).endswith("fleet of all that the account sees")
    editor.reject()
    settle()
    import msgspec

    sites = {
        "/arm/id": SiteEndpoints(ArmEndpoint("https://a.example"), ClusterEndpoint({"N": "n"}))
    }
    known = msgspec.structs.replace(whole, fleet=msgspec.structs.replace(whole.fleet, sites=sites))
    again = ProfileEditor(bridge, known, "azure", window)  # type: ignore[arg-type]
    again.open()
    settle()
    assert again.azure.is_fleet
    assert again.uses_azure.isChecked()
    assert again.profile == known
    # Back to one cluster: the same Azure, and nodes can be named.
    again.azure.scope.setCurrentIndex(0)
    assert again.profile.fleet is None
    assert again.profile.arm == whole.fleet.arm
    assert again.tabs.isTabEnabled(1)
    again.reject()
    settle()


def test_its_test_and_its_proxy_are_those_of_the_fleet(window: MainWindow, bridge: Chores) -> None:
    editor = ProfileEditor(bridge, None, "azure", window)  # type: ignore[arg-type]
    editor.open()
    choose_fleet(editor)
    editor.test.click()
    question, _ = bridge.last(chores.TestConnection)
    asked = question.profile  # type: ignore[union-attr]
    assert asked.fleet is not None
    assert asked.azure == asked.fleet.arm
    editor.reject()
    settle()
