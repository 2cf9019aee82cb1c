"""Plans kept in the state folder, and written to and read from files of a person's choice."""

import functools
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from console.planning import plan_file
from console.planning.plan_file import PlanFileError, SavedPlan
from console.ui.file_thread import file_thread
from console.ui.plain_text import one_line

_PLANS = "plans"


class PlanKeeping(QObject):
    """Every file is read and written beside the GUI thread.

    Signals: ``said(str)`` how a write went; ``failed(str)`` why one did not; ``kept_changed()``
    when the list of kept plans is another one.
    """

    said = Signal(str)
    failed = Signal(str)
    kept_changed = Signal()

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder = folder / _PLANS

    def keep(self, saved: SavedPlan) -> None:
        """Into the state folder, in place of what it held of this plan."""
        path, data = plan_file.path_of(self._folder, saved.id), plan_file.encoded(saved)
        then = functools.partial(self._on_kept, one_line(saved.name))
        file_thread().run(lambda: plan_file.write(path, data), then, self)

    def forget(self, plan_id: str) -> None:
        """Out of the state folder."""
        folder = self._folder
        then = functools.partial(self._on_kept, "")
        file_thread().run(lambda: plan_file.forget(folder, plan_id), then, self)

    def list(self, then: Callable[[tuple[SavedPlan, ...]], None], owner: QObject) -> None:
        """``then`` gets every kept plan, the newest first."""
        folder = self._folder

        def listed(found: object) -> None:
            then(found if isinstance(found, tuple) else ())

        file_thread().run(lambda: plan_file.listed(folder), listed, owner)

    def _on_kept(self, name: str, result: object) -> None:
        if isinstance(result, OSError):
            self.failed.emit(f"The plan could not be kept: {result.strerror or result}.")
            return
        if name:
            self.said.emit(f"Kept: {name}.")
        self.kept_changed.emit()

    # -- files of a person's choice ------------------------------------------------------------
    def ask_where(
        self, window: QWidget, title: str, name: str, ending: str, data: Callable[[], bytes]
    ) -> QFileDialog:
        """Ask for a file and write ``data()``, as of then, into it."""
        dialog = self._dialog(window, title, QFileDialog.AcceptMode.AcceptSave, ending)
        dialog.setDefaultSuffix(ending.lstrip("."))
        dialog.selectFile(f"{plan_file.file_name(name)}{ending}")
        dialog.fileSelected.connect(lambda path: self._write(Path(path), data()))
        dialog.open()
        return dialog

    def ask_which(self, window: QWidget, then: Callable[[SavedPlan], None]) -> QFileDialog:
        """Ask for a plan's file and read it."""
        dialog = self._dialog(window, "Open a plan", QFileDialog.AcceptMode.AcceptOpen, ".json")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)

        def read(path: str) -> None:
            chosen = Path(path)
            got = functools.partial(self._on_read, then)
            file_thread().run(lambda: plan_file.read(chosen), got, self)

        dialog.fileSelected.connect(read)
        dialog.open()
        return dialog

    def _dialog(
        self, window: QWidget, title: str, mode: QFileDialog.AcceptMode, ending: str
    ) -> QFileDialog:
        dialog = QFileDialog(window, title)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setObjectName("plan_file_dialog")
        dialog.setAcceptMode(mode)
        dialog.setNameFilters([f"Files (*{ending})", "All files (*)"])
        return dialog

    def _write(self, path: Path, data: bytes) -> None:
        def then(result: object) -> None:
            if isinstance(result, OSError):
                why = result.strerror or str(result)
                self.failed.emit(f"{one_line(str(path))} could not be written: {why}.")
            else:
                self.said.emit(f"Written: {one_line(str(path))}.")

        file_thread().run(lambda: plan_file.write(path, data), then, self)

    def _on_read(self, then: Callable[[SavedPlan], None], result: object) -> None:
        if isinstance(result, SavedPlan):
            then(result)
        elif isinstance(result, PlanFileError):
            self.failed.emit(str(result))
        elif isinstance(result, OSError):
            self.failed.emit(f"The plan could not be read: {result.strerror or result}.")
