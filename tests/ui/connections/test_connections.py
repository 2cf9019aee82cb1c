"""The first choice and the forms of connections, by keys and mouse; the worker is a recorder."""

import sys
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
)
from pytestqt.qtbot import QtBot

from console import profiles
from console.lab.world.scenarios import SCENARIOS as LAB_SCENARIOS
from console.model.connection import (
    ArmEndpoint,
    AzureAccount,
    ClusterEndpoint,
    ConnectionKind,
    ConnectionProfile,
    SignInMethod,
    StepState,
    Subscription,
    TestStep,
)
from console.model.freshness import Fault
from console.settings import Settings
from console.ui.bridge import chores
from console.ui.connections import doors
from console.ui.connections.ask_secret import AskSecret
from console.ui.connections.cluster_form import nodes_of
from console.ui.connections.connector import Connector
from console.ui.connections.doctor_window import DoctorWindow
from console.ui.connections.profile_editor import ProfileEditor
from console.ui.connections.sign_in_again import SignInAgain
from console.ui.main_window import MainWindow
from tests.ui.conftest import RecordingBridge, settle

CLUSTER = ConnectionProfile(
    "munich-1",
    "Munich",
    ConnectionKind.AZURE_LOCAL,
    cluster=ClusterEndpoint({"n1": "n1.contoso.com"}),
)


class Chores(RecordingBridge):
    """Remembers what was asked; the test answers."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: dict[str, tuple[chores.Ask, object]] = {}
        self.given_up: list[str] = []

    def ask_chore(self, question: chores.Ask, on_answer: object) -> None:
        self.asked[question.token] = (question, on_answer)

    def give_up_chore(self, token: str) -> None:
        self.given_up.append(token)

    def last(self, kind: type) -> tuple[chores.Ask, object]:
        return [pair for pair in self.asked.values() if isinstance(pair[0], kind)][-1]


@pytest.fixture
def bridge(qapp: QApplication) -> Chores:
    return Chores()


@pytest.fixture
def connector(window: MainWindow, bridge: Chores, tmp_path: Path) -> Connector:
    made = Connector(window, bridge, Settings(), tmp_path / "config")  # type: ignore[arg-type]
    made.heard = []  # type: ignore[attr-defined]
    made.opened.connect(lambda *what: made.heard.append(what))  # type: ignore[attr-defined]
    return made


def child(parent: object, kind: type, name: str) -> object:
    found = parent.findChild(kind, name)  # type: ignore[attr-defined]
    assert found is not None, name
    return found


def test_a_first_run_shows_three_doors_and_nothing_else(
    window: MainWindow, connector: Connector
) -> None:
    connector.begin()
    settle()
    page = connector.page
    assert page is not None
    assert page.isVisible()
    assert [door.objectName() for door in page.doors] == ["door_lab", "door_azure", "door_cluster"]
    assert not window._tabs.isVisible()
    assert not page.list.isVisible()
    assert window.focusWidget() is page.doors[0].button


def test_the_lab_is_one_key_away_and_is_marked(window: MainWindow, connector: Connector) -> None:
    connector.begin()
    settle()
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_Space)
    settle()
    ((profile, secrets),) = connector.heard  # type: ignore[attr-defined]
    assert profile.kind is ConnectionKind.LAB
    assert secrets == {}
    window.start.end(profile.name, profile.scenario)
    assert window._tabs.isVisible()
    assert "LAB" in child(window, QLabel, "lab_marker").text()  # type: ignore[attr-defined]
    assert [one.id for one in connector.profiles] == ["lab-small"]


def test_what_was_open_last_opens_again(connector: Connector) -> None:
    profiles.save(connector._folder, CLUSTER)
    connector._settings.last_profile = CLUSTER.id
    connector.begin()
    settle()
    assert connector.heard == [(CLUSTER, {})]  # type: ignore[attr-defined]


def test_a_cluster_is_made_by_keys_tried_and_kept(
    window: MainWindow, bridge: Chores, connector: Connector
) -> None:
    connector.begin()
    settle()
    editor = connector.new("cluster")
    settle()
    nodes = child(editor, QPlainTextEdit, "nodes")
    assert editor.focusWidget() is nodes
    QTest.keyClicks(nodes, "n1.contoso.com")
    QTest.keyClick(nodes, Qt.Key.Key_Return)
    QTest.keyClicks(nodes, "n2.contoso.com")
    QTest.keyClicks(child(editor, QLineEdit, "username"), "CONTOSO\\grace")
    QTest.keyClicks(child(editor, QLineEdit, "password"), "s3cret-word")
    test = child(editor, QPushButton, "test")
    keep = child(editor, QPushButton, "keep_and_open")
    assert test.isEnabled()  # type: ignore[attr-defined]
    assert not keep.isEnabled()  # type: ignore[attr-defined]
    test.click()  # type: ignore[attr-defined]
    question, answer = bridge.last(chores.TestConnection)
    assert question.secrets == {"cluster_password": "s3cret-word"}  # type: ignore[union-attr]
    step = TestStep("n1", "Certificate", StepState.FAILED, "It expired.", "Renew it.", "code 10")
    answer(chores.StepTold(question.token, step))  # type: ignore[operator]
    answer(chores.ConnectionTested(question.token, False))  # type: ignore[operator]
    assert "Renew it." in child(editor, QLabel, "step_words").text()  # type: ignore[attr-defined]
    assert "1 step failed" in editor.prompt.text()
    QTest.keyClicks(child(editor, QLineEdit, "profile_name"), "Munich")
    keep.click()  # type: ignore[attr-defined]
    settle()
    ((profile, secrets),) = connector.heard  # type: ignore[attr-defined]
    assert list(profile.cluster.nodes.values()) == ["n1.contoso.com", "n2.contoso.com"]
    assert profile.cluster.auth == "kerberos"
    assert secrets == {"cluster_password": "s3cret-word"}
    kept, _ = bridge.last(chores.KeepSecret)
    assert (kept.profile_id, kept.secret) == (profile.id, "s3cret-word")  # type: ignore[union-attr]
    text = (connector._folder / "profiles" / f"{profile.id}.json").read_text()
    assert "s3cret-word" not in text


def test_a_code_is_shown_and_what_the_account_sees_is_offered(
    window: MainWindow, bridge: Chores
) -> None:
    editor = ProfileEditor(bridge, None, "azure", window)  # type: ignore[arg-type]
    editor.open()
    settle()
    editor.azure.method.setCurrentIndex(editor.azure.method.findData(SignInMethod.DEVICE_CODE))
    editor.azure.sign_in.click()
    question, answer = bridge.last(chores.SignInTo)
    assert question.arm.sign_in.method is SignInMethod.DEVICE_CODE  # type: ignore[union-attr]
    answer(chores.SignInPrompted(question.token, "Do it.", "https://a.example/d", "ABC-1"))  # type: ignore[operator]
    assert "ABC-1" in editor.prompt.text()
    assert not editor.copy_code.isHidden()
    name = "00000000-0000-4000-8000-000000000001"
    account = AzureAccount("g@contoso.com", "{}", True, "Kept.", (), (Subscription(name, "Prod"),))
    answer(chores.SignedIn(question.token, account))  # type: ignore[operator]
    assert editor.azure.subscriptions.item(0).text().startswith("Prod")
    editor.azure.subscriptions.item(0).setCheckState(Qt.CheckState.Checked)
    arm = editor.profile.arm
    assert arm is not None
    assert arm.subscription_ids == (name,)
    assert arm.sign_in.account == "g@contoso.com"
    editor.reject()
    settle()


@pytest.mark.parametrize("first", ["azure", "cluster"])
def test_each_underlined_letter_leads_to_one_thing(
    window: MainWindow, bridge: Chores, first: str
) -> None:
    editor = ProfileEditor(bridge, None, first, window)  # type: ignore[arg-type]
    editor.open()
    settle()
    texts = [editor.tabs.tabText(at) for at in range(editor.tabs.count())]
    for kind in (QLabel, QAbstractButton):
        texts += [each.text() for each in editor.findChildren(kind) if each.isVisible()]
    letters = Counter(found for text in texts if (found := QKeySequence.mnemonic(text).toString()))
    assert len(letters) > 8
    assert {letter: count for letter, count in letters.items() if count > 1} == {}
    editor.reject()
    settle()


def test_no_keyring_is_said_plainly(window: MainWindow, bridge: Chores) -> None:
    editor = ProfileEditor(bridge, CLUSTER, "cluster", window)  # type: ignore[arg-type]
    editor.open()
    question, answer = bridge.last(chores.ReadKeyring)
    text = "Secrets are kept in memory until the console closes, since it is locked."
    answer(chores.KeyringTold(question.token, "memory", False, text))  # type: ignore[operator]
    assert editor.keyring_words.text() == text
    editor.reject()
    settle()


def test_closing_the_editor_gives_up_what_runs(window: MainWindow, bridge: Chores) -> None:
    editor = ProfileEditor(bridge, CLUSTER, "cluster", window)  # type: ignore[arg-type]
    editor.open()
    editor.test.click()
    question, _ = bridge.last(chores.TestConnection)
    editor.reject()
    settle()
    assert question.token in bridge.given_up


def test_a_stopped_worker_is_said_and_can_be_asked_again(
    window: MainWindow, bridge: Chores
) -> None:
    editor = ProfileEditor(bridge, CLUSTER, "cluster", window)  # type: ignore[arg-type]
    editor.open()
    editor.test.click()
    assert not editor.test.isEnabled()
    _, answer = bridge.last(chores.TestConnection)
    answer(None)  # type: ignore[operator]
    assert "stopped" in editor.prompt.text()
    assert editor.test.isEnabled()
    editor.reject()
    settle()


def test_a_password_that_no_keyring_holds_is_asked_for_once(
    window: MainWindow, bridge: Chores, connector: Connector
) -> None:
    assert CLUSTER.cluster is not None
    named = msgspec.structs.replace(CLUSTER.cluster, username="CONTOSO\\grace")
    profile = msgspec.structs.replace(CLUSTER, cluster=named)
    connector.open(profile)
    question, answer = bridge.last(chores.ReadKeyring)
    text = "Secrets are kept in memory until the console closes."
    answer(chores.KeyringTold(question.token, "memory", False, text))  # type: ignore[operator]
    settle()
    dialog = window.findChild(AskSecret)
    assert dialog is not None
    assert text in child(dialog, QLabel, "ask_secret_words").text()  # type: ignore[attr-defined]
    QTest.keyClicks(dialog.line, "a-word")
    QTest.keyClick(dialog.line, Qt.Key.Key_Return)
    settle()
    assert connector.heard == [(profile, {"cluster_password": "a-word"})]  # type: ignore[attr-defined]


def test_a_password_that_the_keyring_holds_is_not_asked_for(
    window: MainWindow, bridge: Chores, connector: Connector
) -> None:
    assert CLUSTER.cluster is not None
    named = msgspec.structs.replace(CLUSTER.cluster, username="grace")
    profile = msgspec.structs.replace(CLUSTER, cluster=named)
    connector.open(profile)
    question, answer = bridge.last(chores.ReadKeyring)
    told = chores.KeyringTold(question.token, "ring", True, "Kept.", ("cluster_password",))
    answer(told)  # type: ignore[operator]
    settle()
    assert window.findChild(AskSecret) is None
    assert connector.heard == [(profile, {})]  # type: ignore[attr-defined]


def test_going_back_from_the_password_shows_the_choice_again(
    window: MainWindow, bridge: Chores, connector: Connector
) -> None:
    assert CLUSTER.cluster is not None
    named = msgspec.structs.replace(CLUSTER.cluster, username="grace")
    connector.open(msgspec.structs.replace(CLUSTER, cluster=named))
    question, answer = bridge.last(chores.ReadKeyring)
    answer(chores.KeyringTold(question.token, "memory", False, "None."))  # type: ignore[operator]
    dialog = window.findChild(AskSecret)
    assert dialog is not None
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    settle()
    assert connector.open_id == ""
    assert connector.page is not None
    assert connector.page.isVisible()


def test_another_connection_is_wanted_in_a_tab_of_its_own(connector: Connector) -> None:
    wanted: list[tuple[ConnectionProfile, dict[str, str]]] = []
    connector.another_wanted.connect(lambda *what: wanted.append(what))
    connector.open(CLUSTER)
    connector.open(CLUSTER)
    assert wanted == []
    profiles.save(connector._folder, CLUSTER)
    other = ConnectionProfile("lab-small", "Lab", ConnectionKind.LAB, scenario="small")
    connector.open(other, {"cluster_password": "secret"})
    assert wanted == [(other, {"cluster_password": "secret"})]
    assert connector.open_id == CLUSTER.id


def test_import_tells_where_it_leads_and_a_bad_file_changes_nothing(
    window: MainWindow, connector: Connector, tmp_path: Path
) -> None:
    dialog = connector.manage()
    settle()
    good = tmp_path / "good.json"
    good.write_bytes(profiles.shared((CLUSTER,)))
    connector._import(str(good))
    settle()
    assert "n1.contoso.com" in dialog.said.text()
    assert dialog.list.count() == 1
    bad = tmp_path / "bad.json"
    bad.write_text('{"format": "x"}')
    connector._import(str(bad))
    settle()
    assert "Nothing was imported" in dialog.said.text()
    assert dialog.list.count() == 1
    dialog.reject()
    settle()


def test_deleting_removes_file_secrets_and_sign_in(
    window: MainWindow, bridge: Chores, connector: Connector
) -> None:
    profiles.save(connector._folder, CLUSTER)
    connector.begin()
    settle()
    connector.delete(CLUSTER)
    settle()
    assert connector.profiles == ()
    forgotten = {
        question.field
        for question, _ in bridge.asked.values()
        if isinstance(question, chores.KeepSecret) and not question.secret
    }
    assert forgotten == {"cluster_password", "certificate_password", "proxy_password"}


def test_a_damaged_profile_is_told(connector: Connector) -> None:
    faults: list[Fault] = []
    connector.noticed.connect(faults.append)
    (connector._folder / "profiles").mkdir(parents=True)
    (connector._folder / "profiles" / "x.json").write_text("{")
    connector.begin()
    settle()
    assert "x.json" in faults[0].summary


def test_a_sign_in_that_is_wanted_is_one_button_away(
    window: MainWindow, bridge: Chores, connector: Connector
) -> None:
    arm = ArmEndpoint("https://management.azure.com", cloud="public")
    profile = ConnectionProfile("azure-1", "Azure", ConnectionKind.AZURE_LOCAL, arm)
    connector.open(profile)
    bridge.sign_in_wanted.emit("Azure asks for a new sign-in.")
    line = child(window, QLabel, "sign_in")
    assert "waits for it" in line.text()  # type: ignore[attr-defined]
    child(window, QToolButton, "sign_in_act").click()  # type: ignore[attr-defined]
    settle()
    question, answer = bridge.last(chores.SignInTo)
    dialog = child(window, SignInAgain, "sign_in_again")
    answer(chores.SignInPrompted(question.token, "Do it.", "https://a.example/d", "ABC-1"))  # type: ignore[operator]
    assert dialog.code.text() == "ABC-1"  # type: ignore[attr-defined]
    answer(chores.SignedIn(question.token, AzureAccount("g@contoso.com")))  # type: ignore[operator]
    settle()
    assert window.findChild(QLabel, "sign_in") is None
    assert bridge.refreshes == 1


@pytest.mark.parametrize(
    ("text", "nodes"),
    [
        ("n1.contoso.com\nn2", {"n1": "n1.contoso.com", "n2": "n2"}),
        ("A = 10.0.0.4:5986", {"A": "10.0.0.4:5986"}),
        ("A = [fe80::1]:5986, b", {"A": "[fe80::1]:5986", "b": "b"}),
        ("10.0.0.4", {"": "10.0.0.4"}),
        ("  \n", {}),
    ],
)
def test_nodes_as_people_write_them(text: str, nodes: dict[str, str]) -> None:
    assert nodes_of(text) == nodes


def test_the_labs_scenario_is_chosen_by_keys(window: MainWindow, connector: Connector) -> None:
    connector.begin()
    settle()
    page = connector.page
    assert page is not None
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_Tab, Qt.KeyboardModifier.ShiftModifier)
    assert window.focusWidget() is page.doors[0].choice
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_Down)
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_Space)
    settle()
    ((profile, _),) = connector.heard  # type: ignore[attr-defined]
    assert profile.scenario == "degraded"
    assert connector._settings.scenario == "degraded"


def test_every_offered_scenario_is_one_of_the_lab() -> None:
    assert {name for name, _ in doors.SCENARIOS} <= set(LAB_SCENARIOS)


def test_the_doctor_speaks_in_a_window_and_is_copied(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "console", "doctor", "--state-folder", str(tmp_path)]
    made = DoctorWindow(command, window)
    made.show()
    qtbot.waitUntil(lambda: "Nothing failed." in made.said.text(), timeout=60_000)
    assert "This computer" in made.text.toPlainText()
    QTest.mouseClick(made.copy, Qt.MouseButton.LeftButton)
    assert QApplication.clipboard().text() == made.text.toPlainText()
    made.reject()
    settle()


def test_a_doctor_that_is_closed_or_cannot_start_leaves_nothing_running(
    window: MainWindow, qtbot: QtBot
) -> None:
    absent = DoctorWindow(["/nowhere/python"], window)
    qtbot.waitUntil(lambda: "did not start" in absent.said.text(), timeout=10_000)
    absent.reject()
    made = DoctorWindow([sys.executable, "-c", "import time; time.sleep(600)"], window)
    process = made._process
    qtbot.waitUntil(lambda: process.processId() > 0, timeout=10_000)
    with qtbot.waitSignal(process.finished, timeout=10_000):
        made.reject()
    settle()
