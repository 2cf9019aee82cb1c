"""A fleet's cluster is opened in a tab of its own once a person told how it is reached."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt, Signal
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from console import profiles
from console import settings as settings_file
from console.model.connection import ArmEndpoint, ConnectionKind, ConnectionProfile, FleetScope
from console.ui import theme
from console.ui.connections.profile_editor import ProfileEditor
from console.ui.file_thread import file_thread
from console.ui.notifications import opening
from console.ui.notifications.choices import Choices, Kind, Rule
from console.ui.notifications.notifier import Notifier
from tests.fleet_sample import fleet_snapshot
from tests.ui.conftest import settle
from tests.ui.shell.connections import Home, Worker, worker_of


class FleetWorker(Worker):
    fleet_changed = Signal(object)
    fleet_told = Signal(object, object)


@pytest.fixture
def home(qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    theme.apply("light")
    monkeypatch.setattr("tests.ui.shell.connections.Worker", FleetWorker)
    arm = ArmEndpoint("https://management.azure.com", cloud="public")
    stores = FleetScope("stores", arm)
    profiles.save(
        tmp_path,
        ConnectionProfile("stores", "Stores", ConnectionKind.AZURE_LOCAL, fleet=stores),
    )
    made = Home(tmp_path)
    yield made
    made.end()


def test_it_is_told_once_and_opens_as_a_tab_from_then_on(home: Home) -> None:
    opened = home.start("stores")
    fleet_page = opened.shell.current
    fleet = fleet_page.session.fleet
    assert fleet is not None
    fleet.load_stored(fleet_snapshot())
    arm_id, cluster = next(iter(fleet.store.clusters.items()))
    fleet.page.cluster_wanted.emit(arm_id)
    settle()
    act = fleet_page.window.notice.findChild(QToolButton, "fleet_act")
    assert act is not None
    QTest.mouseClick(act, Qt.MouseButton.LeftButton)
    settle()
    editor = fleet_page.window.findChild(ProfileEditor)
    assert editor is not None
    assert cluster.name in editor.windowTitle()
    arm = editor.profile.arm
    assert arm is not None
    assert arm.subscription_ids == (cluster.subscription,)
    nodes = editor.findChild(QPlainTextEdit, "nodes")
    assert nodes is not None
    nodes.setFocus()
    nodes.selectAll()
    QTest.keyClicks(nodes, "N1 = n1.store-1.example")
    for name, text in (("username", "CONTOSO\\grace"), ("password", "s3cret-word")):
        field = editor.findChild(QLineEdit, name)
        assert field is not None
        QTest.keyClicks(field, text)
    keep = editor.findChild(QPushButton, "keep_and_open")
    assert keep is not None
    keep.click()
    settle()
    site = opened.shell.current
    assert site is not fleet_page
    assert site.name == cluster.name
    ((profile, folder, secrets),) = worker_of(site).opened
    assert profile.fleet is None  # the fleet is read where it was
    assert profile.cluster is not None
    assert profile.cluster.nodes == {"N1": "n1.store-1.example"}
    assert secrets == {"cluster_password": "s3cret-word"}
    assert folder != worker_of(fleet_page).opened[0][1]
    # Kept in the fleet's profile, without the password; asked for again, its tab comes forward.
    (known,), faults = profiles.load_all(home.folder)
    assert faults == ()
    assert known.fleet is not None
    assert set(known.fleet.sites) == {arm_id}
    assert "s3cret-word" not in (home.folder / "profiles" / "stores.json").read_text()
    opened.shell.step(1)
    fleet.page.cluster_wanted.emit(arm_id)
    assert opened.shell.current is site
    assert len(opened.shell.pages) == 2
    tabs = settings_file.load(home.folder)[0].open_tabs
    assert [(tab.profile, tab.site) for tab in tabs] == [("stores", ""), ("stores", arm_id)]


def test_a_remembered_cluster_of_a_fleet_opens_again(home: Home) -> None:
    test_it_is_told_once_and_opens_as_a_tab_from_then_on(home)
    home.end()
    opened = home.start()
    site = opened.shell.current
    settle()
    assert site.site is not None
    opened._open_next()
    settle()
    assert [page.name for page in opened.shell.pages] == ["Stores", site.name]


def test_azures_contact_with_a_cluster_is_told_and_no_more(
    home: Home, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Notifier, "_is_looking", lambda _: False)
    opened = home.start("stores")
    told: list[str] = []

    class Desktop:
        def show(self, title: str, text: str, target: str, *, is_critical: bool) -> None:
            told.append(title)

        def close(self) -> None:
            return

    notifier = opening.begin(home.folder, opened, Desktop())
    qtbot.waitUntil(lambda: notifier._is_loaded)
    notifier.choose(Choices(rules=(Rule(Kind.ALARM), Rule(Kind.OVER))))
    fleet = opened.shell.current.session.fleet
    assert fleet is not None
    known = fleet_snapshot()
    fleet.load_stored(known)  # what was known last time is no news
    first, *others = known.clusters
    for contact in ("Connected", "NotConnectedRecently", "Disconnected", "", "Connected"):
        now = msgspec.structs.replace(first, contact=contact)
        fleet.store.tell((now, *others), known.readings)
        notifier.decide_now()
    lost = f"Azure lost contact with {first.name}."
    assert told == [lost, f"Over: {lost}"]
    file_thread().finish()
