"""The draft stays on disk until the worker has taken the operation: a refusal loses nothing."""

from pathlib import Path

from PySide6.QtCore import QObject

from console.ui.file_thread import file_thread
from console.ui.store import Store
from console.ui.wizard import draft as draft_file


class KeptUntilTaken(QObject):
    """Outlives the wizard (the store owns it) and ends itself when the operation appears."""

    def __init__(self, store: Store, operation_id: str, folder: Path, file: str) -> None:
        super().__init__(store)
        self._operation_id, self._folder, self._file = operation_id, folder, file
        store.operations_changed.connect(self._on_operations_changed)

    def _on_operations_changed(self, ids: tuple[str, ...]) -> None:
        if self._operation_id in ids:
            folder, file = self._folder, self._file
            file_thread().run(lambda: draft_file.forget(folder, file))
            self.deleteLater()
