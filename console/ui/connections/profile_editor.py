"""Make or edit one connection: name, Azure, cluster; try it before it is kept."""

import functools
import uuid
from urllib.parse import quote

import msgspec
from PySide6.QtCore import QEvent, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSplitter,
    QTabWidget,
    QTreeWidget,
    QVBoxLayout,
    QWidget,
)

from console import profiles
from console.model.connection import (
    AzureAccount,
    ConnectionKind,
    ConnectionProfile,
    FleetScope,
    SiteEndpoints,
    StepState,
    complaints,
)
from console.ui.bridge import Bridge, chores
from console.ui.connections.azure_form import AzureForm
from console.ui.connections.cluster_form import ClusterForm
from console.ui.connections.step_list import StepList
from console.ui.connections.system_proxy import system_proxy
from console.ui.connections.words import words
from console.ui.file_thread import lookup_threads
from console.ui.forms.outlined import outline
from console.ui.plain_text import plain
from console.ui.window_size import open_at

_STOPPED = "The console's background process stopped; try again."


class ProfileEditor(QDialog):
    """Signal: ``kept(profile, secrets, opens)``; ``secrets`` holds only what was typed."""

    kept = Signal(object, object, bool)

    def __init__(
        self,
        bridge: Bridge,
        profile: ConnectionProfile | None = None,
        first: str = "azure",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("profile_editor")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Edit the connection" if profile else "New connection")
        self._bridge = bridge
        self._id = profile.id if profile else ""
        self._running: dict[str, str] = {}  # what is asked: its token
        self._prompt_url = ""
        self._sites: dict[str, SiteEndpoints] = {}  # of a fleet: they are no part of this form
        self._make(first)
        self._lay_out()
        if profile is not None:
            self._fill(profile)
        for form in (self.azure, self.cluster):
            form.changed.connect(self._follow)
        self.azure.sign_in_wanted.connect(self._sign_in)
        self.azure.sign_out_wanted.connect(self._sign_out)
        self.azure.discovery_wanted.connect(self._discover)
        self.finished.connect(lambda _: self._give_up())
        self._outline()
        self._system_proxy = ""
        look = functools.partial(system_proxy, self.azure.endpoint.url)
        lookup_threads().run(look, self._take_system_proxy, self)
        self._ask_keyring()
        self._follow()
        (self.azure.sign_in if first == "azure" else self.cluster.nodes).setFocus()

    # -- making --------------------------------------------------------------------------------
    def _make(self, first: str) -> None:
        self.name = QLineEdit(self)
        self.name.setObjectName("profile_name")
        self.name.setMaxLength(80)
        self.name.textChanged.connect(lambda _: self._follow())
        self.azure, self.cluster = AzureForm(self), ClusterForm(self)
        self.uses_azure = QCheckBox("T&his connection uses Azure", self)
        self.uses_azure.setObjectName("uses_azure")
        self.uses_cluster = QCheckBox("This connection uses the cluster's no&des", self)
        self.uses_cluster.setObjectName("uses_cluster")
        self.uses_azure.setChecked(first == "azure")
        self.uses_cluster.setChecked(first == "cluster")
        self.tabs = QTabWidget(self)
        self.tabs.setObjectName("halves")
        for box, form, title in (
            (self.uses_azure, self.azure, "A&zure"),
            (self.uses_cluster, self.cluster, "&Cluster"),
        ):
            self.tabs.addTab(_half(box, form, self), title)
            form.setEnabled(box.isChecked())
            box.toggled.connect(form.setEnabled)
            box.toggled.connect(lambda _: self._follow())
        self.tabs.setCurrentIndex(1 if first == "cluster" else 0)
        self.steps = StepList(self)
        self.keyring_words = words(self, "keyring_words")
        self.complaint = words(self, "complaint")
        self.prompt = words(self, "prompt")
        self.copy_code = QPushButton("Copy the code and open the page", self)
        self.copy_code.setObjectName("copy_code")
        self.copy_code.clicked.connect(lambda _=False: self._open_page())
        self.copy_code.hide()
        self.prompt.hide()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        roles = QDialogButtonBox.ButtonRole
        self.test = self.buttons.addButton("&Test", roles.ActionRole)
        self.test.setObjectName("test")
        self.copy = self.buttons.addButton("Cop&y the result", roles.ActionRole)
        self.copy.setObjectName("copy_result")
        self.keep = self.buttons.addButton("&Keep", roles.AcceptRole)
        self.keep.setObjectName("keep")
        self.open_now = self.buttons.addButton("Keep and op&en", roles.AcceptRole)
        self.open_now.setObjectName("keep_and_open")
        self.open_now.setDefault(True)
        self.test.clicked.connect(lambda _=False: self._test())
        self.copy.clicked.connect(
            lambda _=False: QGuiApplication.clipboard().setText(self.steps.as_text())
        )
        self.keep.clicked.connect(functools.partial(self._keep, False))
        self.open_now.clicked.connect(functools.partial(self._keep, True))
        self.buttons.rejected.connect(self.reject)

    def _lay_out(self) -> None:
        top = QFormLayout()
        top.addRow("Na&me:", self.name)
        lower = QWidget(self)
        below = QVBoxLayout(lower)
        below.setContentsMargins(0, 0, 0, 0)
        below.addWidget(self.steps, 1)
        split = QSplitter(Qt.Orientation.Vertical, self)
        split.addWidget(self.tabs)
        split.addWidget(lower)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        split.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(self.prompt)
        layout.addWidget(self.copy_code, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(split, 1)
        layout.addWidget(self.keyring_words)
        layout.addWidget(self.complaint)
        layout.addWidget(self.buttons)
        letters, lines = self.fontMetrics().averageCharWidth(), self.fontMetrics().height()
        open_at(self, 110 * letters, 44 * lines)

    def _fill(self, profile: ConnectionProfile) -> None:
        self.name.setText(profile.name)
        self.uses_azure.setChecked(profile.azure is not None)
        self.uses_cluster.setChecked(profile.cluster is not None)
        self.azure.fill(profile.azure, is_fleet=profile.fleet is not None)
        self._sites = profile.fleet.sites if profile.fleet is not None else {}
        self.cluster.fill(profile.cluster)
        self.tabs.setCurrentIndex(0 if profile.azure is not None else 1)

    def _outline(self) -> None:
        kinds = (QLineEdit, QComboBox, QPlainTextEdit, QCheckBox, QListWidget, QTreeWidget)
        for kind in kinds:
            for field in self.findChildren(kind):
                outline(field)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ApplicationPaletteChange:
            self._outline()

    # -- values --------------------------------------------------------------------------------
    @property
    def profile(self) -> ConnectionProfile:
        """What the fields say now; ``model.connection.complaints`` tells what is missing."""
        name, named = " ".join(self.name.text().split()), self._id or "new"
        if self._is_fleet:
            fleet = FleetScope(named, self.azure.endpoint, self._sites)
            return ConnectionProfile(named, name, ConnectionKind.AZURE_LOCAL, fleet=fleet)
        return ConnectionProfile(
            id=named,
            name=name,
            kind=ConnectionKind.AZURE_LOCAL,
            arm=self.azure.endpoint if self.uses_azure.isChecked() else None,
            cluster=self.cluster.endpoint if self.uses_cluster.isChecked() else None,
        )

    @property
    def _is_fleet(self) -> bool:
        return self.uses_azure.isChecked() and self.azure.is_fleet

    @property
    def secrets(self) -> dict[str, str]:
        typed = {
            "cluster_password": self.cluster.password.text(),
            "certificate_password": self.azure.certificate_password.text(),
            "proxy_password": self.azure.proxy_password.text(),
        }
        return {field: secret for field, secret in typed.items() if secret}

    @property
    def _for_asking(self) -> dict[str, str]:
        """With the way through the system's proxy, which is kept nowhere."""
        found = {"system_proxy": self._system_proxy} if self._system_proxy else {}
        return self.secrets | found

    def _follow(self) -> None:
        # Nodes belong to one cluster: a fleet's are reached from a tab of their own.
        self.tabs.setTabEnabled(1, not self._is_fleet)
        against = complaints(self.profile)
        self.complaint.setText(plain("\n".join(against)))
        self.complaint.setVisible(bool(against))
        for button in (self.keep, self.open_now):
            button.setEnabled(not against)
        nameless = complaints(_named(self.profile))
        self.test.setEnabled("test" not in self._running and not nameless)
        self.copy.setEnabled(bool(self.steps.steps))
        self.azure.sign_in.setEnabled("sign_in" not in self._running)

    def _keep(self, opens: bool) -> None:
        profile = self.profile
        if complaints(profile):
            return
        if not self._id:
            profile = _with_id(profile, profiles.new_id(profile.name))
        self.kept.emit(profile, self.secrets, opens)
        self.accept()

    # -- asking the worker ---------------------------------------------------------------------
    def _ask(self, what: str, question_of: object, on_answer: object) -> None:
        """One question of a kind at a time; the older one is given up."""
        token = str(uuid.uuid4())
        if what in self._running:
            self._bridge.give_up_chore(self._running[what])
        self._running[what] = token

        def answered(answer: chores.Answer | None) -> None:
            if self._running.get(what) != token:
                return
            if answer is None or isinstance(answer, chores.LAST):
                del self._running[what]
            on_answer(answer)  # type: ignore[operator]
            self._follow()

        self._bridge.ask_chore(question_of(token), answered)  # type: ignore[operator]
        self._follow()

    def _give_up(self) -> None:
        running, self._running = self._running, {}
        for token in running.values():
            self._bridge.give_up_chore(token)

    def _test(self) -> None:
        self.steps.clear()
        profile, secrets = self.profile, self._for_asking
        self._ask(
            "test",
            lambda token: chores.TestConnection(token, profile, secrets),
            self._on_test,
        )

    def _on_test(self, answer: chores.Answer | None) -> None:
        if isinstance(answer, chores.StepTold):
            self.steps.add(answer.step)
        elif answer is None:
            self._tell_prompt(_STOPPED)
        elif isinstance(answer, chores.ConnectionTested):
            failed = sum(step.state is StepState.FAILED for step in self.steps.steps)
            self._tell_prompt(
                "Everything that was tried works."
                if answer.is_good
                else f"{failed} step{'s' if failed != 1 else ''} failed; each says what to do."
            )

    def _sign_in(self) -> None:
        arm, secrets = self.azure.endpoint, self._for_asking
        self._tell_prompt("Signing in…")
        self._ask(
            "sign_in",
            lambda token: chores.SignInTo(token, arm, secrets, profile_id=self._id),
            self._on_sign_in,
        )

    def _on_sign_in(self, answer: chores.Answer | None) -> None:
        if isinstance(answer, chores.SignInPrompted):
            text = answer.text
            if answer.code:
                text = f"{text}\nPage: {answer.url}\nCode: {answer.code}"
            self._tell_prompt(text)
            self._prompt_url = answer.url if answer.url.startswith("https://") else ""
            self.copy_code.setVisible(bool(answer.code and self._prompt_url))
            self.copy_code.setProperty("code", answer.code)
        elif isinstance(answer, chores.SignedIn):
            self._tell_prompt("")
            if answer.account is not None:
                self.azure.show_account(answer.account, _account_text(answer.account))
            elif answer.fault is not None:
                fault = answer.fault
                self._tell_prompt(f"{fault.summary} {fault.remedy}".strip())
        elif answer is None:
            self._tell_prompt(_STOPPED)

    def _sign_out(self) -> None:
        arm = self.azure.endpoint
        self._ask("sign_out", lambda token: chores.SignOutOf(token, arm), self._on_sign_out)

    def _on_sign_out(self, answer: chores.Answer | None) -> None:
        text = answer.text if isinstance(answer, chores.SignedOut) else _STOPPED
        self.azure.show_account(None, text)

    def _discover(self, url: str, ca_file: str) -> None:
        proxy = self._proxy()
        self._ask(
            "cloud",
            lambda token: chores.DiscoverCloud(token, url, ca_file, proxy),
            self._on_cloud,
        )

    def _on_cloud(self, answer: chores.Answer | None) -> None:
        if not isinstance(answer, chores.CloudDiscovered):
            self.azure.show_cloud(None, _STOPPED)
        elif answer.arm is None:
            fault = answer.fault
            self.azure.show_cloud(None, f"{fault.summary} {fault.remedy}" if fault else _STOPPED)
        else:
            named = f"{answer.name}: " if answer.name else ""
            self.azure.show_cloud(
                answer.arm, f"{named}you will be asked to sign in at {answer.arm.authority}."
            )

    def _proxy(self) -> str:
        """As far as it is known before the profile is kept: with what was typed."""
        arm = self.azure.endpoint
        if not arm.proxy or not arm.proxy_user:
            return arm.proxy or self._system_proxy
        who = f"{quote(arm.proxy_user, safe='')}:{quote(self.azure.proxy_password.text(), safe='')}"
        return arm.proxy.replace("http://", f"http://{who}@", 1)

    def _take_system_proxy(self, found: object) -> None:
        self._system_proxy = found if isinstance(found, str) else ""

    def _ask_keyring(self) -> None:
        fields = ("cluster_password", "certificate_password", "proxy_password")
        self._ask(
            "keyring", lambda token: chores.ReadKeyring(token, self._id, fields), self._on_keyring
        )

    def _on_keyring(self, answer: chores.Answer | None) -> None:
        if not isinstance(answer, chores.KeyringTold):
            return
        self.keyring_words.setText(plain(answer.text))
        for field, editor in (
            ("cluster_password", self.cluster.password),
            ("certificate_password", self.azure.certificate_password),
            ("proxy_password", self.azure.proxy_password),
        ):
            if field in answer.held:
                editor.setPlaceholderText("kept; type to replace it")

    # -- showing -------------------------------------------------------------------------------
    def _tell_prompt(self, text: str) -> None:
        self.prompt.setText(plain(text))
        self.prompt.setVisible(bool(text))
        self.copy_code.hide()

    def _open_page(self) -> None:
        QGuiApplication.clipboard().setText(str(self.copy_code.property("code")))
        if self._prompt_url:
            QDesktopServices.openUrl(QUrl(self._prompt_url))


def _half(box: QCheckBox, form: QWidget, parent: QWidget) -> QScrollArea:
    inside = QWidget(parent)
    column = QVBoxLayout(inside)
    column.addWidget(box)
    column.addWidget(form)
    column.addStretch(1)
    area = QScrollArea(parent)
    area.setWidgetResizable(True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setWidget(inside)
    return area


def _account_text(account: AzureAccount) -> str:
    who = f"Signed in as {account.name}." if account.name else "Signed in."
    tenants = ", ".join(one.name or one.domain or one.id for one in account.tenants[:6])
    count = len(account.subscriptions)
    seen = f"It sees {count} subscription{'s' if count != 1 else ''} in {tenants or 'no tenant'}."
    return " ".join(part for part in (who, seen, account.keeping) if part)


def _named(profile: ConnectionProfile) -> ConnectionProfile:
    return msgspec.structs.replace(profile, name=profile.name or "new")


def _with_id(profile: ConnectionProfile, profile_id: str) -> ConnectionProfile:
    fleet = profile.fleet
    if fleet is not None:
        fleet = msgspec.structs.replace(fleet, id=profile_id)
    return msgspec.structs.replace(profile, id=profile_id, fleet=fleet)
