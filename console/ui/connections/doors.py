"""What a console without a connection shows: three doors, and the connections that are known."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QBoxLayout,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from console.model.connection import ConnectionKind, ConnectionProfile
from console.ui import theme
from console.ui.forms.outlined import outline
from console.ui.plain_text import one_line

_PROFILE_ROLE = int(Qt.ItemDataRole.UserRole)
# id, title, what is behind it, the button's words
_DOORS = (
    (
        "lab",
        "Open the lab",
        "A simulated cluster on this computer. Needs no Azure and no Windows; nothing in it is "
        "real, everything can be tried.",
        "Open the &lab",
    ),
    (
        "azure",
        "Sign in to Azure",
        "Create and manage Azure Local VMs. Uses your own sign-in; what your account sees is "
        "found for you. The cluster's nodes can be added.",
        "&Sign in to Azure…",
    ),
    (
        "cluster",
        "Connect to a cluster",
        "Nodes, health and live migration through PowerShell remoting. Needs the nodes' full "
        "names. Azure can be added.",
        "Connect to a &cluster…",
    ),
)

# The lab's scenarios that a person chooses from (console/lab/world/scenarios.py), and what each is.
SCENARIOS = (
    ("small", "Small: 4 healthy nodes, 60 VMs"),
    ("degraded", "Degraded: trouble of every kind"),
    ("large", "Large: 16 nodes, 2,000 VMs"),
    ("empty", "Empty: a fresh cluster"),
    ("fleet", "Fleet: 500 clusters, 100,000 VMs"),
)


class Door(QFrame):
    """One door: a title, what is behind it, and its button."""

    def __init__(
        self, name: str, title: str, text: str, word: str, on_open: Callable[[], None]
    ) -> None:
        super().__init__()
        self.setObjectName(f"door_{name}")
        heading = QLabel(title, self)
        font = heading.font()
        font.setPointSizeF(font.pointSizeF() * 1.3)
        font.setBold(True)
        heading.setFont(font)
        heading.setWordWrap(True)
        words = QLabel(text, self)
        words.setWordWrap(True)
        words.setAlignment(Qt.AlignmentFlag.AlignTop)
        words.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.choice = QComboBox(self)
        self.choice.hide()
        self.button = QPushButton(word, self)
        self.button.setObjectName(f"door_{name}_button")
        self.button.setAccessibleDescription(text)
        self.button.clicked.connect(lambda _=False: on_open())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 18)
        layout.setSpacing(10)
        layout.addWidget(heading)
        layout.addWidget(words, 1)
        layout.addWidget(self.choice)
        layout.addWidget(self.button)
        self.colour()

    def offer(self, name: str, choices: Sequence[tuple[str, str]]) -> None:
        """Let choose what stands behind the door: ids and words."""
        self.choice.setObjectName(f"{self.objectName()}_choice")
        self.choice.setAccessibleName(name)
        for each, text in choices:
            self.choice.addItem(text, each)
        outline(self.choice)
        self.choice.show()

    def colour(self) -> None:
        colors = theme.current()
        name = self.objectName()
        wanted = (
            f"#{name} {{ background: {colors.surface}; border: 1px solid {colors.line};"
            " border-radius: 8px; }"
        )
        if self.styleSheet() != wanted:
            self.setStyleSheet(wanted)


class StartPage(QScrollArea):
    """Signals: ``door_opened(str)`` with ``lab``, ``azure`` or ``cluster``;
    ``profile_opened(str)``, ``profile_edited(str)`` with a profile's id; ``manage_wanted()``.
    """

    door_opened = Signal(str)
    profile_opened = Signal(str)
    profile_edited = Signal(str)
    manage_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("start_page")
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        inside = QWidget(self)
        letters = self.fontMetrics().averageCharWidth()
        column = QVBoxLayout(inside)
        column.setContentsMargins(32, 28, 32, 28)
        column.setSpacing(16)
        self._title = QLabel("What would you like to see?", inside)
        font = self._title.font()
        font.setPointSizeF(font.pointSizeF() * 1.7)
        self._title.setFont(font)
        column.addWidget(self._title)
        doors = QWidget(inside)
        doors.setMaximumWidth(170 * letters)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, doors)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(16)
        self.doors: list[Door] = []
        for name, title, text, word in _DOORS:
            door = Door(name, title, text, word, lambda name=name: self.door_opened.emit(name))  # type: ignore[misc]
            self.doors.append(door)
            self._row.addWidget(door, 1)
        self.doors[0].offer("Scenario of the lab", SCENARIOS)
        column.addWidget(doors)
        self._known = QWidget(inside)
        known = QVBoxLayout(self._known)
        known.setContentsMargins(0, 12, 0, 0)
        known.addWidget(QLabel("Connections you have", self._known))
        self.list = QListWidget(self._known)
        self.list.setObjectName("known_profiles")
        self.list.setAccessibleName("Connections you have")
        self.list.setMaximumWidth(170 * letters)
        self.list.setMaximumHeight(14 * self.fontMetrics().height())
        self.list.currentItemChanged.connect(lambda *_: self._follow())
        outline(self.list)
        self.list.itemActivated.connect(lambda item: self.profile_opened.emit(_id_of(item)))
        known.addWidget(self.list)
        known.addLayout(self._buttons())
        column.addWidget(self._known)
        column.addStretch(1)
        self.setWidget(inside)
        self.show_profiles((), "")

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        for name, word, act in (
            ("open_profile", "&Open", self.profile_opened.emit),
            ("edit_profile", "&Edit…", self.profile_edited.emit),
        ):
            button = QPushButton(word, self._known)
            button.setObjectName(name)
            button.clicked.connect(lambda _=False, act=act: self._with_current(act))
            row.addWidget(button)
        self._edit = button
        manage = QPushButton("&All connections…", self._known)
        manage.setObjectName("manage_profiles")
        manage.clicked.connect(lambda _=False: self.manage_wanted.emit())
        row.addWidget(manage)
        row.addStretch(1)
        return row

    @property
    def scenario(self) -> str:
        """The lab's scenario that is chosen."""
        return str(self.doors[0].choice.currentData())

    def choose_scenario(self, name: str) -> None:
        index = self.doors[0].choice.findData(name)
        self.doors[0].choice.setCurrentIndex(max(index, 0))

    def show_profiles(self, profiles: Sequence[ConnectionProfile], last: str) -> None:
        """List what is known; the one that was open last is chosen."""
        self.list.clear()
        for profile in profiles:
            item = QListWidgetItem(f"{one_line(profile.name)}   ({what_is(profile)})")
            item.setData(_PROFILE_ROLE, profile.id)
            item.setData(_PROFILE_ROLE + 1, profile.kind is ConnectionKind.LAB)
            self.list.addItem(item)
            if profile.id == last:
                self.list.setCurrentItem(item)
        if profiles and self.list.currentItem() is None:
            self.list.setCurrentRow(0)
        self._known.setVisible(bool(profiles))

    def _follow(self) -> None:
        """A lab has nothing to edit."""
        item = self.list.currentItem()
        is_lab = item is not None and bool(item.data(_PROFILE_ROLE + 1))
        self._edit.setEnabled(item is not None and not is_lab)

    def focus_first(self) -> None:
        """Where a person begins: their connections, else the first door."""
        target = self.list if self.list.count() else self.doors[0].button
        target.setFocus(Qt.FocusReason.OtherFocusReason)

    def _with_current(self, act: Callable[[str], object]) -> None:
        item = self.list.currentItem()
        if item is not None:
            act(_id_of(item))

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        # Side by side where there is room; one under the other where the text is large.
        needed = 3 * 30 * self.fontMetrics().averageCharWidth()
        is_narrow = self.viewport().width() < needed
        ways = QBoxLayout.Direction
        self._row.setDirection(ways.TopToBottom if is_narrow else ways.LeftToRight)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            for door in self.doors:
                door.colour()

    def minimumSizeHint(self) -> QSize:
        return QSize(320, 240)


def what_is(profile: ConnectionProfile) -> str:
    """What a profile reaches, in a few words."""
    if profile.kind is ConnectionKind.LAB:
        return f"lab, {profile.scenario}"
    parts = []
    if profile.azure is not None:
        account = one_line(profile.azure.sign_in.account)
        parts.append(f"Azure as {account}" if account else "Azure")
    if profile.fleet is not None:
        count = len(profile.fleet.arm.subscription_ids)
        parts.append(
            f"fleet of {count} subscription{'s' if count != 1 else ''}"
            if count
            else "fleet of all that the account sees"
        )
    if profile.cluster is not None:
        count = len(profile.cluster.nodes)
        parts.append(f"{count} node{'s' if count != 1 else ''}")
    return ", ".join(parts) or "empty"


def _id_of(item: QListWidgetItem) -> str:
    return str(item.data(_PROFILE_ROLE))
