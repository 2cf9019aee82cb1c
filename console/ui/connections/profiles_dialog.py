"""All connections: open, new, edit, delete, hand on, take in."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QGridLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from console.model.connection import ConnectionKind, ConnectionProfile
from console.ui.connections.doors import what_is
from console.ui.connections.words import words
from console.ui.forms.outlined import outline
from console.ui.plain_text import one_line, plain
from console.ui.window_size import open_at

_ID_ROLE = int(Qt.ItemDataRole.UserRole)
_FILTER = "Connections (*.tlc.json);;All files (*)"


class ProfilesDialog(QDialog):
    """Signals: ``open_wanted(id)``, ``edit_wanted(id)``, ``new_wanted()``, ``delete_wanted(id)``,
    ``export_wanted(ids, path)``, ``import_wanted(path)``.
    """

    open_wanted = Signal(str)
    edit_wanted = Signal(str)
    new_wanted = Signal()
    delete_wanted = Signal(str)
    export_wanted = Signal(tuple, str)
    import_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("profiles_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Connections")
        self.list = QListWidget(self)
        self.list.setObjectName("profiles")
        self.list.setAccessibleName("Connections")
        outline(self.list)
        self.list.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        self.list.itemActivated.connect(lambda _: self._with_one(self.open_wanted.emit))
        self.list.itemSelectionChanged.connect(self._follow)
        self.said = words(self, "profiles_said")
        column = QVBoxLayout()
        self._buttons: dict[str, QPushButton] = {}
        for name, word, act in (
            ("open", "&Open", lambda: self._with_one(self.open_wanted.emit)),
            ("new", "&New…", self.new_wanted.emit),
            ("edit", "&Edit and test…", lambda: self._with_one(self.edit_wanted.emit)),
            ("delete", "&Delete…", lambda: self._with_one(self.delete_wanted.emit)),
            ("export", "E&xport…", self._choose_export),
            ("import", "&Import…", self._choose_import),
            ("close", "&Close", self.reject),
        ):
            button = QPushButton(word, self)
            button.setObjectName(f"profiles_{name}")
            button.setAutoDefault(False)
            button.clicked.connect(lambda _=False, act=act: act())
            self._buttons[name] = button
            if name == "close":
                column.addStretch(1)
            column.addWidget(button)
        layout = QGridLayout(self)
        layout.addWidget(self.list, 0, 0)
        layout.addLayout(column, 0, 1)
        layout.addWidget(self.said, 1, 0, 1, 2)
        layout.setColumnStretch(0, 1)
        letters, lines = self.fontMetrics().averageCharWidth(), self.fontMetrics().height()
        open_at(self, 90 * letters, 22 * lines)
        self._follow()

    def show_profiles(self, profiles: Sequence[ConnectionProfile], current: str = "") -> None:
        chosen = current or next(iter(self._ids()), "")
        self.list.clear()
        for profile in profiles:
            item = QListWidgetItem(f"{one_line(profile.name)}   ({what_is(profile)})")
            item.setData(_ID_ROLE, profile.id)
            item.setData(_ID_ROLE + 1, profile.kind is ConnectionKind.LAB)
            self.list.addItem(item)
            if profile.id == chosen:
                self.list.setCurrentItem(item)
        if self.list.currentItem() is None and self.list.count():
            self.list.setCurrentRow(0)
        self._follow()

    def say(self, text: str) -> None:
        self.said.setText(plain(text))

    def _ids(self) -> tuple[str, ...]:
        return tuple(str(item.data(_ID_ROLE)) for item in self.list.selectedItems())

    def _with_one(self, act: object) -> None:
        ids = self._ids()
        if len(ids) == 1:
            act(ids[0])  # type: ignore[operator]

    def _follow(self) -> None:
        items = self.list.selectedItems()
        is_lab = any(bool(item.data(_ID_ROLE + 1)) for item in items)
        for name in ("open", "delete"):
            self._buttons[name].setEnabled(len(items) == 1)
        self._buttons["edit"].setEnabled(len(items) == 1 and not is_lab)
        self._buttons["export"].setEnabled(bool(items))

    def _choose_export(self) -> None:
        ids = self._ids()
        dialog = QFileDialog(self, "Export without secrets", "connections.tlc.json", _FILTER)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.fileSelected.connect(lambda path: self.export_wanted.emit(ids, path))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _choose_import(self) -> None:
        dialog = QFileDialog(self, "Import connections", "", _FILTER)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.import_wanted.emit)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
