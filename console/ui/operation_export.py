"""Exports: what is shown, everything, or the audit log, to a file of the person's choice."""

import functools
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from console.ui.bridge import Exported, ExportFormat, ExportKind
from console.ui.plain_text import one_line

_FORMATS = {"CSV, for spreadsheets (*.csv)": ExportFormat.CSV, "JSON (*.json)": ExportFormat.JSON}


class Exporter(Protocol):
    """The bridge, as far as exports need it."""

    def export(
        self,
        path: str,
        kind: ExportKind,
        file_format: ExportFormat,
        callback: Callable[[Exported], None],
        operation_ids: Sequence[str] = (),
    ) -> None: ...


class ExportEntry(msgspec.Struct, frozen=True):
    """One thing to export; ``what`` names its rows, ``is_filtered``: only those that are shown."""

    id: str
    text: str
    kind: ExportKind
    file_name: str
    what: str
    is_filtered: bool = False


ENTRIES = (
    ExportEntry(
        "shown", "Export what is &shown…", ExportKind.OPERATIONS, "operations", "operations", True
    ),
    ExportEntry(
        "everything", "Export &every operation…", ExportKind.OPERATIONS, "operations", "operations"
    ),
    ExportEntry("audit", "Export the &audit log…", ExportKind.AUDIT, "audit-log", "entries"),
)


class OperationExport(QObject):
    """Asks where to, has the worker write, and tells the end.

    Signals: ``said(str)`` with a line on how it goes or went; ``failed(Fault)``.
    """

    said = Signal(str)
    failed = Signal(object)

    def __init__(
        self, exporter: Exporter, shown: Callable[[], Sequence[str]], window: QWidget
    ) -> None:
        super().__init__(window)
        self._exporter, self._shown, self._window = exporter, shown, window

    def ask(self, entry_id: str) -> None:
        """Ask for a file, without holding up the window; what is shown now is what is written."""
        entry = next(entry for entry in ENTRIES if entry.id == entry_id)
        ids = tuple(self._shown()) if entry.is_filtered else ()
        if entry.is_filtered and not ids:
            # No ids would stand for everything.
            self.said.emit("Nothing was exported: the filter shows no operation of this console.")
            return
        title = entry.text.replace("&", "").rstrip("…")
        dialog = QFileDialog(self._window, title)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setObjectName("export_dialog")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(list(_FORMATS))
        dialog.setDefaultSuffix(ExportFormat.CSV.value)
        dialog.filterSelected.connect(lambda name: dialog.setDefaultSuffix(_FORMATS[name].value))
        dialog.selectFile(f"{entry.file_name}-{time.strftime('%Y-%m-%d')}.csv")
        dialog.fileSelected.connect(functools.partial(self._write, entry, ids, dialog))
        dialog.open()

    def _write(
        self, entry: ExportEntry, ids: Sequence[str], dialog: QFileDialog, path: str
    ) -> None:
        chosen = _FORMATS.get(dialog.selectedNameFilter(), ExportFormat.CSV)
        ending = path.rpartition(".")[2].casefold()
        # The name that was typed counts more than the list beside it.
        known = {member.value: member for member in ExportFormat}
        self.said.emit(f"Exporting {entry.what} to {one_line(path)}…")
        self._exporter.export(
            path,
            entry.kind,
            known.get(ending, chosen),
            functools.partial(self._tell, entry),
            ids,
        )

    def _tell(self, entry: ExportEntry, ended: Exported) -> None:
        if ended.fault is not None:
            self.said.emit("")
            self.failed.emit(ended.fault)
            return
        what = entry.what if ended.rows != 1 else {"entries": "entry"}.get(entry.what, "operation")
        self.said.emit(f"{ended.rows:,} {what} exported to {one_line(ended.path)}.")
