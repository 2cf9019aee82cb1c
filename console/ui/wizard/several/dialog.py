"""Several VMs like the one in the wizard, by a pattern or a CSV; faults are told before sending."""

import copy
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from console.ui import theme
from console.ui.ask import Ask
from console.ui.bridge import Part
from console.ui.file_thread import file_thread
from console.ui.forms.outlined import outline
from console.ui.plain_text import one_line, tip
from console.ui.store import Store
from console.ui.window_size import open_at
from console.ui.wizard import choices
from console.ui.wizard.building import build_request, secrets_to_send
from console.ui.wizard.draft import Draft
from console.ui.wizard.pages.fields import paragraph
from console.ui.wizard.several import csv_rows, planning
from console.ui.wizard.several.csv_rows import Parsed
from console.ui.wizard.several.planning import Planned

_SLICE_S = 0.006
_TYPING_PAUSE_MS = 200
_COLUMNS = ("VM", "Address", "Size", "What to know")
_FILTER = "CSV files (*.csv *.txt);;All files (*)"
_TEMPLATE_NAME = "virtual-machines.csv"


class GroupSubmitter(Protocol):
    """The bridge, as far as this needs it."""

    def submit_group(
        self, title: str, parts: Sequence[Part], group_id: str = ""
    ) -> tuple[str, tuple[str, ...]]: ...


class SeveralDialog(QDialog):
    """Signal: ``submitted(group_id, operation_ids)`` after everything left as one act.

    ``draft`` is the wizard's, right in itself; ``secrets`` stay in memory and serve all VMs.
    """

    submitted = Signal(str, tuple)

    def __init__(
        self,
        draft: Draft,
        secrets: Mapping[str, str],
        store: Store,
        bridge: GroupSubmitter,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("several_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Create several VMs")
        self.setSizeGripEnabled(True)
        letters = self.fontMetrics().averageCharWidth()
        open_at(self, 130 * letters, 42 * self.fontMetrics().height())
        self._draft = copy.deepcopy(draft)
        self._secrets = dict(secrets)
        self._store, self._bridge = store, bridge
        self._ask = Ask(self)
        self._parsed: Parsed | None = None
        self._plans: list[Planned] = []
        self._unjudged: list[int] = []
        self._is_sent = False
        self._build()
        for field in (self._pattern, self._count, self._first, self._only_wrong):
            outline(field)
        self._typing = QTimer(self, singleShot=True, interval=_TYPING_PAUSE_MS)
        self._typing.timeout.connect(self._plan)
        self._judging = QTimer(self, interval=0)
        self._judging.timeout.connect(self._judge_slice)
        # What is free and what is taken may change while this is open.
        store.site_changed.connect(self._typing.start)
        self._plan()
        self._pattern.setFocus()
        self._pattern.selectAll()

    # -- building ------------------------------------------------------------------------------
    def _build(self) -> None:
        self._tabs = QTabWidget(self)
        self._tabs.setObjectName("several_way")
        self._tabs.addTab(self._make_pattern_page(), "By &pattern")
        self._tabs.addTab(self._make_file_page(), "From a CSV &file")
        self._tabs.currentChanged.connect(lambda _: self._plan())
        self._tabs.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._table = self._make_table()
        self._summary = paragraph("", self)
        self._summary.setObjectName("several_summary")
        self._outlook = paragraph("", self, is_muted=True)
        self._outlook.setObjectName("several_outlook")
        self._only_wrong = QCheckBox("Show &only those that need attention", self)
        self._only_wrong.setObjectName("several_only_wrong")
        self._only_wrong.toggled.connect(self._hide_right_rows)
        self._create = QPushButton("&Create", self)
        self._create.setObjectName("several_create")
        self._create.clicked.connect(self._submit)
        close = QPushButton("Back to the wizard", self)
        close.setObjectName("several_close")
        close.setAutoDefault(False)
        close.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addWidget(self._only_wrong)
        buttons.addStretch(1)
        buttons.addWidget(self._create)
        buttons.addWidget(close)
        layout = QVBoxLayout(self)
        told = (
            "Everything is as in the wizard but for what stands here. Each VM is checked once more "
            "right before it is sent; one that fails does not stop the others."
        )
        layout.addWidget(paragraph(told, self, is_muted=True))
        layout.addWidget(self._tabs)
        layout.addWidget(self._table, 1)
        layout.addWidget(self._summary)
        layout.addWidget(self._outlook)
        layout.addLayout(buttons)

    def _make_pattern_page(self) -> QWidget:
        page = QWidget(self)
        self._pattern = QLineEdit(self._draft.name, page)
        self._pattern.setObjectName("several_pattern")
        self._pattern.setPlaceholderText("web-##")
        self._count = QSpinBox(page, minimum=1, maximum=csv_rows.MOST, value=2)
        self._count.setObjectName("several_count")
        self._first = QSpinBox(page, minimum=0, maximum=9999, value=1)
        self._first.setObjectName("several_first")
        form = QFormLayout(page)
        form.addRow("&Name", self._pattern)
        form.addRow(
            "", paragraph("# stands for a digit: web-## makes web-01.", page, is_muted=True)
        )
        form.addRow("How &many", self._count)
        form.addRow("First n&umber", self._first)
        self._pattern.textChanged.connect(lambda _: self._typing.start())
        self._count.valueChanged.connect(lambda _: self._typing.start())
        self._first.valueChanged.connect(lambda _: self._typing.start())
        return page

    def _make_file_page(self) -> QWidget:
        page = QWidget(self)
        choose = QPushButton("&Open a CSV file…", page)
        choose.setObjectName("several_open")
        choose.setAutoDefault(False)
        choose.clicked.connect(self._ask_file)
        template = QPushButton("Save a &template…", page)
        template.setObjectName("several_template")
        template.setAutoDefault(False)
        template.clicked.connect(self._ask_template)
        columns = "Columns: " + ", ".join(csv_rows.COLUMNS) + ", tag:<name>. Only name is needed."
        self._file_said = paragraph("No file is open.", page)
        self._file_said.setObjectName("several_file")
        row = QHBoxLayout()
        row.addWidget(choose)
        row.addWidget(template)
        row.addStretch(1)
        layout = QVBoxLayout(page)
        layout.addLayout(row)
        layout.addWidget(paragraph(columns, page, is_muted=True))
        layout.addWidget(self._file_said)
        layout.addStretch(1)
        return page

    def _make_table(self) -> QTableWidget:
        table = QTableWidget(0, len(_COLUMNS), self)
        table.setObjectName("several_table")
        table.setAccessibleName("Virtual machines to create")
        table.setHorizontalHeaderLabels(list(_COLUMNS))
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setWordWrap(False)
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(len(_COLUMNS) - 1, QHeaderView.ResizeMode.Stretch)
        letters = self.fontMetrics().averageCharWidth()
        for column, width in enumerate((24, 20, 20)):
            header.resizeSection(column, width * letters)
        return table

    # -- the file ------------------------------------------------------------------------------
    def _ask_file(self) -> None:
        dialog = QFileDialog(self, "Open a CSV file", "", _FILTER)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.read_file)
        dialog.open()

    def read_file(self, name: str) -> None:
        """Read the rows of a file, in a thread; what is wrong with it is told."""
        path = Path(name)

        def read() -> Parsed:
            with path.open("rb") as file:
                return csv_rows.parse(file.read(csv_rows.MOST_BYTES + 1))

        def then(result: object) -> None:
            if isinstance(result, OSError):
                why = result.strerror or "the disk gave no reason"
                self.show_rows(path.name, Parsed(faults=(f"It cannot be read: {why}.",)))
            elif isinstance(result, Parsed):
                self.show_rows(path.name, result)

        file_thread().run(read, then, self)

    def show_rows(self, name: str, parsed: Parsed) -> None:
        """Show the rows of a file that was read."""
        self._tabs.setCurrentIndex(1)
        self._parsed = parsed
        said = " ".join(parsed.faults) or f"{len(parsed.rows)} rows."
        self._file_said.setText(f"{one_line(name)}: {one_line(said)}")
        self._plan()

    def _ask_template(self) -> None:
        dialog = QFileDialog(self, "Save a template", _TEMPLATE_NAME, _FILTER)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.fileSelected.connect(self.write_template)
        dialog.open()

    def write_template(self, name: str) -> None:
        """Write the template, in a thread; spreadsheets want the byte-order mark."""

        def then(result: object) -> None:
            if isinstance(result, OSError):
                why = result.strerror or "the disk gave no reason"
                self._ask.report("The template could not be written", f"{why}: {name}")
            else:
                self._file_said.setText(f"Template written to {one_line(Path(name).name)}.")

        text = csv_rows.template()
        file_thread().run(lambda: Path(name).write_text(text, "utf-8-sig", newline=""), then, self)

    # -- planning and judging ------------------------------------------------------------------
    def _plan(self) -> None:
        """Make the VMs anew from what is typed or read; they are judged in slices."""
        inventory = self._store.inventory
        if self._tabs.currentIndex() == 0:
            pattern, count = self._pattern.text().strip(), self._count.value()
            first = self._first.value()
            self._plans = planning.from_pattern(self._draft, pattern, count, first, inventory)
        elif self._parsed is not None and not self._parsed.faults:
            self._plans = planning.from_rows(self._draft, self._parsed, inventory)
        else:
            self._plans = []
        planning.judge_together(self._plans)
        self._fill_table()
        self._unjudged = list(range(len(self._plans)))
        self._judging.start()
        self._show_summary()

    def _judge_slice(self) -> None:
        deadline = time.perf_counter() + _SLICE_S
        while self._unjudged and time.perf_counter() < deadline:
            at = self._unjudged.pop(0)
            plan = self._plans[at]
            planning.judge_one(plan, self._secrets, self._store.inventory, time.time())
            self._show_row(at, plan)
        if not self._unjudged:
            self._judging.stop()
            self._show_summary()

    def _fill_table(self) -> None:
        with QSignalBlocker(self._table):
            self._table.setRowCount(len(self._plans))
            for at, plan in enumerate(self._plans):
                self._show_row(at, plan)

    def _show_row(self, at: int, plan: Planned) -> None:
        draft = plan.draft
        network = choices.network_of(draft, self._store.inventory)
        by_network = "by the network" if network is not None else ""
        said = " ".join([*plan.problems, *plan.doubts])
        place = f"Line {plan.line}: " if plan.line and plan.problems else ""
        is_judged = at not in self._unjudged
        texts = (
            draft.name,
            draft.address if draft.has_fixed_address else by_network,
            f"{draft.processors} vCPU, {draft.memory_gib} GiB",
            place + said if said else ("Right" if is_judged else "…"),
        )
        token = "critical" if plan.problems else "attention" if plan.doubts else "healthy"
        for column, text in enumerate(texts):
            item = QTableWidgetItem(one_line(text)[:400])
            item.setToolTip(tip(text))
            if column == len(_COLUMNS) - 1 and (said or is_judged):
                shape = "cross" if plan.problems else "note" if plan.doubts else "check"
                item.setIcon(theme.shape_icon(shape, token))
            self._table.setItem(at, column, item)
        self._table.setRowHidden(at, self._only_wrong.isChecked() and not plan.problems)

    def _hide_right_rows(self, only_wrong: bool) -> None:
        for at, plan in enumerate(self._plans):
            self._table.setRowHidden(at, only_wrong and not plan.problems)

    def _show_summary(self) -> None:
        count = len(self._plans)
        wrong = sum(bool(plan.problems) for plan in self._plans)
        what = "1 VM" if count == 1 else f"{count} VMs"
        if not count:
            said = "There is nothing to create yet."
        elif self._unjudged:
            said = f"{what}: looking at each …"
        elif wrong:
            said = f"{what}, {wrong} of them not right yet. Nothing is sent until all are."
        else:
            said = f"{what}, all right as far as can be told before Azure is asked for each."
        self._summary.setText(said)
        self._outlook.setText(" ".join(planning.outlook(self._plans, self._store.inventory)))
        self._create.setText(f"&Create {what}" if count else "&Create")
        self._create.setEnabled(bool(count) and not wrong and not self._unjudged)

    # -- sending -------------------------------------------------------------------------------
    def _submit(self) -> None:
        if self._is_sent or self._unjudged or any(plan.problems for plan in self._plans):
            return
        self._is_sent = True
        parts = []
        for plan in self._plans:
            request = build_request(plan.draft, self._store.inventory)
            parts.append(Part(request, secrets_to_send(request.spec, self._secrets)))
        title = f"Create {len(parts)} VMs"
        group_id, operation_ids = self._bridge.submit_group(title, parts)
        self.submitted.emit(group_id, operation_ids)
        self.accept()

    def done(self, result: int) -> None:
        """However it is left, the passwords are let go of."""
        self._judging.stop()
        self._secrets.clear()
        super().done(result)
