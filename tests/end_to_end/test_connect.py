"""From a first run to one's own VMs: doors, sign-in, test, open; over real sockets, nothing leaked.

The window is the one that ``tlconsole`` composes, the worker a process of its own, the site the
lab's two servers reached as a custom cloud and as nodes with NTLM, like any other.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from console import app
from console.lab import serve
from console.lab.access import LabCredentials
from console.lab.world.site import Site
from console.model.connection import SignInMethod, StepState
from console.ui.connections.connector import Connector
from console.ui.connections.profile_editor import ProfileEditor
from console.ui.main_window import MainWindow
from console.ui.session import Session
from console.ui.shell.shell_window import ShellWindow
from console.ui.views.fleet.fleet_page import FleetPage
from tests.faults.canary import CANARIES, hits_below, hits_in, hits_in_children

Told = dict[str, Any]


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Site, Told]]:
    known = LabCredentials(token=CANARIES["arm_token"], password=CANARIES["cluster_password"])
    monkeypatch.setattr(serve, "LabCredentials", lambda: known)
    with serve.running_lab("small", speed=10.0) as running:
        yield running


@pytest.fixture
def first_run(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[MainWindow, Connector]]:
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    folder = str(tmp_path / "state")
    window, session, state = app.compose(folder)
    options = argparse.Namespace(lab=False, profile="", state_folder=folder, scenario="small")
    shell = ShellWindow(session.settings, window)
    shell.show()
    opened = app.open_connections(options, state, shell, session)
    opened.begin("", "")
    connector = window.findChild(Connector)
    assert connector is not None
    yield window, connector
    opened.shell.close()
    opened.end()
    opened.shell.deleteLater()
    for _ in range(5):
        qapp.processEvents()
        qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def fill(editor: ProfileEditor, name: str, text: str) -> None:
    field = editor.findChild(QLineEdit, name)
    assert field is not None, name
    field.setFocus()
    field.clear()
    QTest.keyClicks(field, text)


def sign_in(editor: ProfileEditor, told: Told, qtbot: QtBot) -> None:
    """Look the custom cloud up, then sign in with a code as the person would on a phone."""
    azure = editor.azure
    azure.cloud.setCurrentIndex(azure.cloud.findData("custom"))
    fill(editor, "arm_url", told["arm"]["url"])
    fill(editor, "azure_ca", told["arm"]["ca_file"])
    azure.look_up.click()
    qtbot.waitUntil(lambda: "sign in at" in azure.cloud_words.text(), timeout=20_000)
    azure.method.setCurrentIndex(azure.method.findData(SignInMethod.DEVICE_CODE))
    azure.sign_in.click()
    qtbot.waitUntil(lambda: "Code: " in editor.prompt.text(), timeout=20_000)
    code = editor.prompt.text().split("Code: ")[1].split()[0]
    requests.post(
        told["arm"]["url"] + "/device", data={"user_code": code}, verify=told["arm"]["ca_file"],
        timeout=10, proxies={"https": ""},
    )  # fmt: skip
    qtbot.waitUntil(lambda: "Signed in as" in azure.account_words.text(), timeout=20_000)


@pytest.fixture
def fleet_lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    known = LabCredentials(token=CANARIES["arm_token"], password=CANARIES["cluster_password"])
    monkeypatch.setattr(serve, "LabCredentials", lambda: known)
    with serve.running_lab("fleet", speed=10.0) as (_, told):
        yield told


@pytest.mark.timeout(200)
def test_a_fleet_is_made_in_the_form_and_read(
    first_run: tuple[MainWindow, Connector], fleet_lab: Told, qtbot: QtBot
) -> None:
    window, connector = first_run
    qtbot.waitUntil(lambda: connector.page is not None and connector.page.isVisible())
    assert connector.page is not None
    QTest.mouseClick(connector.page.doors[1].button, Qt.MouseButton.LeftButton)
    editor = window.findChild(ProfileEditor)
    assert editor is not None
    editor.azure.scope.setCurrentIndex(editor.azure.scope.findData(True))
    sign_in(editor, fleet_lab, qtbot)
    listed = editor.azure.subscriptions
    assert listed.count() > 8
    for at in range(3):
        listed.item(at).setCheckState(Qt.CheckState.Checked)
    fill(editor, "profile_name", "Some stores")
    editor.open_now.click()
    qtbot.waitUntil(lambda: window.findChild(FleetPage) is not None, timeout=20_000)
    session = window.findChild(Session)
    assert session is not None
    assert session.fleet is not None
    store = session.fleet.store
    qtbot.waitUntil(lambda: store.count > 50, timeout=60_000)
    qtbot.waitUntil(lambda: not any(r.is_going_on for r in store.readings), timeout=60_000)
    assert len(store.readings) == 3
    assert not any(one.faults for one in store.readings)


def describe_cluster(editor: ProfileEditor, told: Told) -> None:
    cluster = editor.cluster
    editor.uses_cluster.setChecked(True)
    editor.tabs.setCurrentIndex(1)
    lines = [f"{node} = {where}" for node, where in told["cluster"]["nodes"].items()]
    cluster.nodes.setPlainText("\n".join(lines))
    fill(editor, "username", told["cluster"]["username"])
    fill(editor, "password", told["cluster"]["password"])
    fill(editor, "cluster_ca", told["cluster"]["ca_file"])
    cluster.ntlm.setChecked(True)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.timeout(200)
def test_from_a_first_run_to_ones_own_vms(
    first_run: tuple[MainWindow, Connector],
    lab: tuple[Site, Told],
    qtbot: QtBot,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (window, connector), (_, told) = first_run, lab
    qtbot.waitUntil(lambda: connector.page is not None and connector.page.isVisible())
    assert connector.page is not None
    QTest.mouseClick(connector.page.doors[1].button, Qt.MouseButton.LeftButton)
    editor = window.findChild(ProfileEditor)
    assert editor is not None
    sign_in(editor, told, qtbot)
    subscriptions = editor.azure.subscriptions
    assert subscriptions.item(0).text().startswith("Lab subscription")
    subscriptions.item(0).setCheckState(Qt.CheckState.Checked)
    describe_cluster(editor, told)
    editor.test.click()
    qtbot.waitUntil(lambda: "works" in editor.prompt.text(), timeout=30_000)
    states = {step.state for step in editor.steps.steps}
    assert states <= {StepState.PASSED, StepState.NOTE}
    places = {step.where for step in editor.steps.steps}
    assert places == {"Azure", "Profile", *told["cluster"]["nodes"]}
    fill(editor, "profile_name", "My cluster")
    editor.open_now.click()
    store = window._store
    qtbot.waitUntil(lambda: len(store.inventory.vms) > 50, timeout=40_000)
    qtbot.waitUntil(lambda: store.inventory.arm.read_at is not None, timeout=30_000)
    qtbot.waitUntil(lambda: store.inventory.cluster_wire.read_at is not None, timeout=30_000)
    assert "My cluster" in window.windowTitle()
    assert "LAB" not in window.windowTitle()

    # -- nothing leaked: neither what was typed nor any token that was got ---------------------
    found, children = hits_in_children()
    assert children >= 1
    assert not found
    hits, files = hits_below([tmp_path])
    assert files >= 4
    assert not hits
    token_start = b"eyJ0eXAiOiAiSldU"  # how each of this provider's tokens begins
    assert not [
        path for path in tmp_path.rglob("*") if path.is_file() and token_start in path.read_bytes()
    ]
    assert not hits_in(caplog.text.encode(), "the log")
    (kept,) = (tmp_path / "state" / "profiles").glob("*.json")
    assert b"My cluster" in kept.read_bytes()
