"""What is told, when, and why something was told or not. Every change holds at once."""

from datetime import datetime

import msgspec
from PySide6.QtCore import Qt, QTime
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QPushButton,
    QTimeEdit,
    QVBoxLayout,
    QWidget,
)

from console.health.levels import HealthLevel
from console.ui.notifications.deciding import Choices, Kind, QuietHours, Rule
from console.ui.notifications.notifier import Notifier
from console.ui.plain_text import one_line, plain

_KINDS = (
    (Kind.ALARM, "New alarms"),
    (Kind.FAILED, "My operations that failed"),
    (Kind.DONE, "My operations that ended well"),
)
_LEVELS = ((HealthLevel.CRITICAL, "critical only"), (HealthLevel.ATTENTION, "all"))
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class _RuleRow(QWidget):
    """One kind of event: on, how bad, which names, and whether quiet hours hold it."""

    def __init__(self, kind: Kind, words: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.kind = kind
        self.is_on = QCheckBox(words, self)
        self.is_on.setObjectName(f"notify_{kind.name.lower()}")
        self.least = QComboBox(self)
        self.least.setAccessibleName(f"{words}: how bad")
        for level, text in _LEVELS:
            self.least.addItem(text, level)
        self.least.setVisible(kind is Kind.ALARM)
        self.pattern = QLineEdit(self)
        self.pattern.setPlaceholderText("any name")
        self.pattern.setAccessibleName(f"{words}: only with this name, * and ? allowed")
        self.pattern.setMaxLength(200)
        self.breaks = QCheckBox("also in quiet hours", self)
        self.breaks.setAccessibleName(f"{words}: also in quiet hours")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.is_on, 1)
        for widget in (self.least, self.pattern, self.breaks):
            row.addWidget(widget)

    def show_rule(self, rule: Rule) -> None:
        self.is_on.setChecked(rule.is_on)
        self.least.setCurrentIndex(max(0, self.least.findData(rule.least)))
        self.pattern.setText(rule.pattern)
        self.breaks.setChecked(rule.breaks_quiet)

    @property
    def rule(self) -> Rule:
        return Rule(
            self.kind,
            self.least.currentData(),
            self.pattern.text(),
            self.breaks.isChecked(),
            self.is_on.isChecked(),
        )


class ChoicesDialog(QDialog):
    """Not modal: the window goes on beside it."""

    def __init__(self, notifier: Notifier, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notifications")
        self.setWindowTitle("Notifications")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._notifier = notifier
        self._is_filling = False
        self._build()
        notifier.changed.connect(self._follow)
        self._fill(notifier.kept.choices)
        self._follow()

    def _build(self) -> None:
        self._is_on = QCheckBox("&Tell me on the desktop", self)
        self._is_on.setObjectName("notify_on")
        self._where = QLabel(self)
        self._where.setObjectName("notify_where")
        self._where.setWordWrap(True)
        self._where.setTextFormat(Qt.TextFormat.PlainText)
        self._rows = [_RuleRow(kind, words, self) for kind, words in _KINDS]
        what = QGroupBox("Of what", self)
        column = QVBoxLayout(what)
        for row in self._rows:
            column.addWidget(row)
        self._decisions = QListWidget(self)
        self._decisions.setObjectName("notify_decisions")
        self._decisions.setAccessibleName("Why was I told, or not")
        self._decisions.setMinimumHeight(7 * self.fontMetrics().height())
        why = QGroupBox("Why was I told, or not", self)
        QVBoxLayout(why).addWidget(self._decisions)
        show = QPushButton("Show me &one", self)
        show.setObjectName("notify_try")
        show.clicked.connect(lambda _=False: self._notifier.try_one())
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.close)
        buttons.addButton(show, QDialogButtonBox.ButtonRole.ActionRole)
        layout = QVBoxLayout(self)
        for widget in (self._is_on, self._where, what, self._quiet_box(), why, buttons):
            layout.addWidget(widget)
        for box in (self._is_on, self._quiet_on, *self._days):
            box.toggled.connect(lambda _: self._take())
        for row in self._rows:
            row.is_on.toggled.connect(lambda _: self._take())
            row.breaks.toggled.connect(lambda _: self._take())
            row.least.currentIndexChanged.connect(lambda _: self._take())
            row.pattern.editingFinished.connect(self._take)
        for field in (self._begin, self._end):
            field.timeChanged.connect(lambda _: self._take())

    def _quiet_box(self) -> QGroupBox:
        box = QGroupBox("Quiet hours: what is held back is told in one at their end", self)
        self._quiet_on = QCheckBox("&From", box)
        self._quiet_on.setObjectName("notify_quiet")
        self._quiet_on.setAccessibleName("Quiet hours")
        self._begin, self._end = QTimeEdit(box), QTimeEdit(box)
        for field, name in ((self._begin, "Quiet from"), (self._end, "Quiet until")):
            field.setDisplayFormat("HH:mm")
            field.setAccessibleName(name)
        row = QHBoxLayout()
        row.addWidget(self._quiet_on)
        row.addWidget(self._begin)
        row.addWidget(QLabel("to", box))
        row.addWidget(self._end)
        row.addWidget(QLabel("begun on", box))
        self._days = [QCheckBox(day, box) for day in _DAYS]
        for day in self._days:
            row.addWidget(day)
        row.addStretch(1)
        box.setLayout(row)
        return box

    def _fill(self, choices: Choices) -> None:
        self._is_filling = True
        self._is_on.setChecked(choices.is_on)
        for row in self._rows:
            rule = next((one for one in choices.rules if one.kind is row.kind), None)
            row.show_rule(rule or Rule(row.kind, is_on=False))
        self._quiet_on.setChecked(choices.quiet.is_on)
        for field, text in ((self._begin, choices.quiet.begin), (self._end, choices.quiet.end)):
            field.setTime(QTime.fromString(text, "HH:mm"))
        for at, day in enumerate(self._days):
            day.setChecked(at in choices.quiet.days)
        self._is_filling = False

    def _take(self) -> None:
        if self._is_filling:
            return
        quiet = QuietHours(
            self._quiet_on.isChecked(),
            self._begin.time().toString("HH:mm"),
            self._end.time().toString("HH:mm"),
            tuple(at for at, day in enumerate(self._days) if day.isChecked()),
        )
        self._notifier.choose(
            msgspec.structs.replace(
                self._notifier.kept.choices,
                is_on=self._is_on.isChecked(),
                rules=tuple(row.rule for row in self._rows),
                quiet=quiet,
            )
        )

    def _follow(self) -> None:
        where = self._notifier.where
        self._where.setText(plain(where) if where else "This desktop shows them.")
        self._decisions.clear()
        for each in reversed(self._notifier.kept.memory.decisions):
            at = datetime.fromtimestamp(each.at).strftime("%d %b %H:%M:%S")
            word = "told" if each.is_told else "not told"
            self._decisions.addItem(one_line(f"{at}  {each.title}  {word}: {each.why}"))
        if not self._decisions.count():
            self._decisions.addItem("Nothing happened so far that could have been told.")
