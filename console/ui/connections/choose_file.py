"""A field that names a file of this computer, or none."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QWidget


class ChooseFile(QWidget):
    """Signal: ``changed()``. ``path`` is empty where ``nothing`` (a phrase) stands."""

    changed = Signal()

    def __init__(
        self, name: str, nothing: str, file_filter: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._filter = f"{file_filter};;All files (*)"
        self.line = QLineEdit(self)
        self.line.setObjectName(name)
        self.line.setPlaceholderText(nothing)
        self.line.textChanged.connect(lambda _: self.changed.emit())
        self._button = QPushButton("Choose…", self)
        self._button.setObjectName(f"{name}_choose")
        self._button.clicked.connect(lambda _=False: self._choose())
        self.setFocusProxy(self.line)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.line, 1)
        row.addWidget(self._button)

    @property
    def path(self) -> str:
        return self.line.text().strip()

    def set_path(self, path: str) -> None:
        self.line.setText(path)

    def _choose(self) -> None:
        dialog = QFileDialog(self, "Choose a file", self.path, self._filter)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.set_path)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
