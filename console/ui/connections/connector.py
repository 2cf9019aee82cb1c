"""From a choice to an open connection: profiles on disk, their dialogs, and the start page."""

import functools
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from console import profiles
from console.model.connection import ConnectionKind, ConnectionProfile
from console.model.freshness import Fault, FaultCode
from console.profiles import ProfileError
from console.settings import Settings
from console.ui.bridge import Bridge, chores
from console.ui.connections.ask_secret import AskSecret, needed
from console.ui.connections.doors import StartPage
from console.ui.connections.profile_editor import ProfileEditor
from console.ui.connections.profiles_dialog import ProfilesDialog
from console.ui.connections.sign_in_again import SignInAgain
from console.ui.connections.system_proxy import system_proxy
from console.ui.file_thread import file_thread, lookup_threads
from console.ui.plain_text import one_line

SECRET_FIELDS = ("cluster_password", "certificate_password", "proxy_password")


class Connector(QObject):
    """Of one tab. Signals: ``opened(profile, secrets)``; ``noticed(Fault)``;
    ``another_wanted(profile, secrets)`` where this tab has a connection already; ``changed()`` when
    what it waits for (``waits_for``) is something else.
    """

    opened = Signal(object, object)
    noticed = Signal(object)
    another_wanted = Signal(object, object)
    changed = Signal()

    def __init__(self, window: Any, bridge: Bridge, settings: Settings, folder: Path) -> None:
        super().__init__(window)
        self._window, self._bridge = window, bridge
        self._settings, self._folder = settings, folder
        self.profiles: tuple[ConnectionProfile, ...] = ()
        self.page: StartPage | None = None
        self._dialog: ProfilesDialog | None = None
        self.open_id = ""  # the connection that this window has
        self._open: ConnectionProfile | None = None
        # Whether this connection is open in another tab, which then came to the front.
        self.is_elsewhere: Callable[[ConnectionProfile], bool] = lambda _: False
        self.waits_for = ""  # what only a person can give, in words
        self._later: Callable[[], None] | None = None
        bridge.sign_in_wanted.connect(self._want_sign_in)
        window.in_sight.connect(self._on_sight)

    @property
    def profile(self) -> ConnectionProfile | None:
        """What this tab has open, or is opening."""
        return self._open

    # -- beginning -----------------------------------------------------------------------------
    def begin(self, wanted: str = "") -> None:
        """Read what is known; then open the wanted profile, else the last one, else the doors."""
        wanted = wanted or self._settings.last_profile

        def then(result: object) -> None:
            self._take(result)
            profile = self._known(wanted)
            if profile is not None:
                self.open(profile)
            else:
                self.show_start()

        file_thread().run(functools.partial(profiles.load_all, self._folder), then, self)

    def begin_with_doors(self) -> None:
        """Read what is known and show the doors, whatever was open last."""

        def then(result: object) -> None:
            self._take(result)
            self.show_start()

        file_thread().run(functools.partial(profiles.load_all, self._folder), then, self)

    def reload(self, current: str = "") -> None:
        def then(result: object) -> None:
            self._take(result)
            if self.page is not None:
                self.page.show_profiles(self.profiles, current or self._settings.last_profile)
            if self._dialog is not None:
                self._dialog.show_profiles(self.profiles, current)

        file_thread().run(functools.partial(profiles.load_all, self._folder), then, self)

    def _take(self, result: object) -> None:
        if isinstance(result, OSError):
            self._say_disk(result)
            return
        assert isinstance(result, tuple)
        found: tuple[ConnectionProfile, ...] = result[0]
        faults: tuple[Fault, ...] = result[1]
        self.profiles = found
        for fault in faults:
            self.noticed.emit(fault)

    def _known(self, profile_id: str) -> ConnectionProfile | None:
        return next((one for one in self.profiles if one.id == profile_id), None)

    def show_start(self) -> None:
        """The three doors, and what is known beside them."""
        if self.page is None:
            page = self.page = StartPage()
            page.choose_scenario(self._settings.scenario)
            page.door_opened.connect(self._through_door)
            page.profile_opened.connect(self._open_known)
            page.profile_edited.connect(self.edit)
            page.manage_wanted.connect(self.manage)
            self._window.start.show(page)
        self.page.show_profiles(self.profiles, self._settings.last_profile)
        self.page.focus_first()

    def _through_door(self, name: str) -> None:
        if name == "lab":
            if self.page is not None:
                self._settings.scenario = self.page.scenario
            scenario = self._settings.scenario
            lab = ConnectionProfile(
                f"lab-{scenario}", f"Lab ({scenario})", ConnectionKind.LAB, scenario=scenario
            )
            if self._known(lab.id) is None:
                self._save(lab)
            self.open(lab)
        else:
            self.new(name)

    # -- profiles ------------------------------------------------------------------------------
    def new(self, first: str = "azure") -> ProfileEditor:
        return self._editor(None, first)

    def edit(self, profile_id: str) -> ProfileEditor | None:
        profile = self._known(profile_id)
        if profile is None or profile.kind is ConnectionKind.LAB:
            return None
        return self._editor(profile, "azure" if profile.azure is not None else "cluster")

    def _editor(self, profile: ConnectionProfile | None, first: str) -> ProfileEditor:
        editor = ProfileEditor(self._bridge, profile, first, self._dialog or self._window)
        editor.kept.connect(self._kept)
        editor.open()
        return editor

    def manage(self) -> ProfilesDialog:
        """The list of all connections."""
        if self._dialog is None:
            dialog = self._dialog = ProfilesDialog(self._window)
            dialog.finished.connect(self._forget_dialog)
            dialog.open_wanted.connect(self._open_known)
            dialog.edit_wanted.connect(self.edit)
            dialog.new_wanted.connect(self.new)
            dialog.delete_wanted.connect(self._ask_delete)
            dialog.export_wanted.connect(self._export)
            dialog.import_wanted.connect(self._import)
            dialog.open()
        self.reload(self.open_id)
        return self._dialog

    def _forget_dialog(self) -> None:
        self._dialog = None

    def _kept(self, profile: ConnectionProfile, secrets: dict[str, str], opens: bool) -> None:
        for field, secret in secrets.items():
            question = chores.KeepSecret(str(uuid.uuid4()), profile.id, field, secret)
            self._bridge.ask_chore(question, _ignore)
        then = functools.partial(self.open, profile, secrets) if opens else None
        self._save(profile, then)

    def _save(self, profile: ConnectionProfile, then: Any = None) -> None:
        def saved(result: object) -> None:
            if isinstance(result, OSError):
                self._say_disk(result)
            else:
                self.reload(profile.id)
            if then is not None:
                then()

        file_thread().run(functools.partial(profiles.save, self._folder, profile), saved, self)

    def _ask_delete(self, profile_id: str) -> None:
        profile = self._known(profile_id)
        if profile is not None:
            self._window.ask.confirm(
                "Delete the connection",
                f"Delete {one_line(profile.name)}? Its secrets are removed from the keyring and "
                "its sign-in from this computer. Nothing changes on the cluster or in Azure.",
                "Delete",
                functools.partial(self.delete, profile),
            )

    def delete(self, profile: ConnectionProfile) -> None:
        """Forget a profile, its secrets and its sign-in."""
        for field in SECRET_FIELDS:
            question = chores.KeepSecret(str(uuid.uuid4()), profile.id, field, "")
            self._bridge.ask_chore(question, _ignore)
        if profile.azure is not None and profile.azure.sign_in.account_record:
            self._bridge.ask_chore(chores.SignOutOf(str(uuid.uuid4()), profile.azure), self._said)
        if self._settings.last_profile == profile.id:
            self._settings.last_profile = ""
        work = functools.partial(profiles.delete, self._folder, profile.id)
        file_thread().run(work, lambda _: self.reload(), self)

    def _said(self, answer: chores.Answer | None) -> None:
        if isinstance(answer, chores.SignedOut) and self._dialog is not None:
            self._dialog.say(answer.text)

    # -- to and from other people --------------------------------------------------------------
    def _export(self, ids: tuple[str, ...], path: str) -> None:
        chosen = tuple(one for one in self.profiles if one.id in ids)

        def then(result: object) -> None:
            if self._dialog is not None:
                text = (
                    f"Not written: {result.strerror or result}."
                    if isinstance(result, OSError)
                    else f"{len(chosen)} written to {path}, without secrets and accounts."
                )
                self._dialog.say(text)

        file_thread().run(lambda: Path(path).write_bytes(profiles.shared(chosen)), then, self)

    def _import(self, path: str) -> None:
        def work() -> object:
            try:
                found = profiles.read_shared(Path(path))
                for profile in found:
                    profiles.save(self._folder, profile)
            except ProfileError as error:
                return error
            return found

        def then(result: object) -> None:
            if self._dialog is None:
                return
            if isinstance(result, OSError | ProfileError):
                self._dialog.say(f"Nothing was imported: {result}")
                return
            assert isinstance(result, tuple)
            places = "; ".join(f"{one_line(one.name)}: {_reaches(one)}" for one in result)
            self._dialog.say(
                f"{len(result)} imported; look at where they lead before you open one. {places}"
            )
            self.reload(result[0].id)

        file_thread().run(work, then, self)

    # -- opening -------------------------------------------------------------------------------
    def _open_known(self, profile_id: str) -> None:
        profile = self._known(profile_id)
        if profile is not None:
            self.open(profile)

    def open(self, profile: ConnectionProfile, secrets: dict[str, str] | None = None) -> None:
        """Open it in this tab; where this one has a connection, in another."""
        if self._dialog is not None:
            self._dialog.reject()
        if self.open_id:
            if profile != self._open:
                self.another_wanted.emit(profile, dict(secrets or {}))
            return
        if self.is_elsewhere(profile):
            return
        if self._window.isVisible():
            self._settings.last_profile = profile.id
        self.open_id, self._open = profile.id, profile
        self.changed.emit()
        self._find_secrets(profile, dict(secrets or {}))

    def use(self, profile: ConnectionProfile) -> None:
        """The open connection's profile as it was changed."""
        self._open = profile
        self.changed.emit()

    def _find_secrets(self, profile: ConnectionProfile, secrets: dict[str, str]) -> None:
        """What the profile goes with and no keyring holds is asked for, once a session."""
        missing = [field for field in needed(profile) if field not in secrets]
        if not missing:
            self._find_proxy(profile, secrets)
            return

        def told(answer: chores.Answer | None) -> None:
            held = answer.held if isinstance(answer, chores.KeyringTold) else ()
            why = answer.text if isinstance(answer, chores.KeyringTold) else ""
            self._ask_secrets(profile, secrets, [f for f in missing if f not in held], why)

        question = chores.ReadKeyring(str(uuid.uuid4()), profile.id, tuple(missing))
        self._bridge.ask_chore(question, told)

    def _ask_secrets(
        self, profile: ConnectionProfile, secrets: dict[str, str], fields: list[str], why: str
    ) -> None:
        if not fields:
            self._find_proxy(profile, secrets)
            return
        if not self._window.isVisible():
            # Asked when somebody looks at this tab: never a burst of questions at the start.
            self._later = functools.partial(self._ask_secrets, profile, secrets, fields, why)
            self._wait_for("a password")
            return
        field, *rest = fields
        title, text = needed(profile)[field]
        dialog = AskSecret(title, f"{text}\n{why}".strip(), self._window)

        def given(secret: str) -> None:
            found = secrets | ({field: secret} if secret else {})
            self._ask_secrets(profile, found, rest, why)

        dialog.given.connect(given)
        dialog.rejected.connect(self._not_opened)
        dialog.open()

    def _on_sight(self, is_in_sight: bool) -> None:
        if is_in_sight and self._later is not None:
            later, self._later = self._later, None
            self._wait_for("")
            # Not while the tab is still coming: its dialog belongs over what is seen.
            QTimer.singleShot(0, self, later)

    def _wait_for(self, what: str) -> None:
        self.waits_for = what
        self.changed.emit()

    def _not_opened(self) -> None:
        """The person went back: the choice is there again."""
        self.open_id, self._open = "", None
        self.changed.emit()
        self.show_start()

    def _find_proxy(self, profile: ConnectionProfile, secrets: dict[str, str]) -> None:
        if profile.azure is None:
            self._emit(profile, secrets)
            return

        def then(proxy: object) -> None:
            found = {"system_proxy": proxy} if isinstance(proxy, str) and proxy else {}
            self._emit(profile, secrets | found)

        lookup_threads().run(functools.partial(system_proxy, profile.azure.url), then, self)

    def _emit(self, profile: ConnectionProfile, secrets: dict[str, str]) -> None:
        self.page = None  # the window takes it away
        self.opened.emit(profile, secrets)

    # -- signing in again ----------------------------------------------------------------------
    def _want_sign_in(self, reason: str) -> None:
        if self._open is not None and self._open.azure is not None:
            text = f"{reason} What needs Azure waits for it; the cluster's nodes go on."
            self._window.notice.say("sign_in", text, act=("Sign in…", self.sign_in_again))
            self._wait_for("a sign-in")

    def sign_in_again(self) -> None:
        """Have the person sign in to the open connection's Azure."""
        if self._open is None or self._open.azure is None:
            return
        dialog = SignInAgain(self._bridge, self._open.azure, self._open.id, self._window)
        dialog.signed_in.connect(self._signed_in)
        dialog.open()

    def _signed_in(self) -> None:
        self._window.notice.say("sign_in", "")
        self._wait_for("")
        self._bridge.refresh()

    def _say_disk(self, error: OSError) -> None:
        self.noticed.emit(
            Fault(
                FaultCode.REJECTED,
                "The connections' folder could not be used.",
                remedy="Look at its rights and the room on the disk.",
                detail=f"{self._folder}: {error}",
            )
        )


def _ignore(_answer: chores.Answer | None) -> None:
    return


def _reaches(profile: ConnectionProfile) -> str:
    """Where a profile leads, by name: what a person has to look at before trusting it."""
    places = [profile.azure.url] if profile.azure is not None else []
    if profile.cluster is not None:
        places += list(profile.cluster.nodes.values())[:4]
    return ", ".join(one_line(place) for place in places) or "the lab"
