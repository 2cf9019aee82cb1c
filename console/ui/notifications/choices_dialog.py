"""What is told, when, and why something was told or not. Every change holds at once."""

import time
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
from console.ui import theme
from console.ui.notifications.choices import (
    Choices,
    Kind,
    QuietHours,
    Rule,
    tomorrow_morning,
)
from console.ui.notifications.notifier import Notifier
from console.ui.plain_text import one_line, plain, tip

_KINDS = (
    (Kind.ALARM, "New alarms"),
    (Kind.OVER, "Alarms I was told of that are over"),
    (Kind.FAILED, "My operations that failed or have no known end"),
    (Kind.DONE, "My operations that ended well"),
)
_LEVELS = ((HealthLevel.CRITICAL, "critical only"), (HealthLevel.ATTENTION, "all"))
_PATTERN_HELP = (
    "The field takes a part of what is told, with * and ?; or what it is about: node:N3, "
    "tag:env=prod, cluster:Munich, vm:sql*, of which several have to hold together. "
    "-node:N3 leaves out what is about that node alone."
)
_FLEET_HELP = "A tab of a whole fleet can tell only whether Azure reaches its clusters."
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
        self.pattern.setPlaceholderText("any, or tag:env=prod -node:N3")
        self.pattern.setAccessibleName(f"{words}: only with this, * and ? allowed")
        self.pattern.setToolTip(tip(_PATTERN_HELP))
        self.pattern.setMaxLength(200)
        self.breaks = QCheckBox("also in quiet hours", self)
        self.breaks.setAccessibleName(f"{words}: also in quiet hours")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        letters = self.fontMetrics().averageCharWidth()
        self.is_on.setMinimumWidth(54 * letters)
        row.addWidget(self.is_on)
        row.addWidget(self.least)
        row.addWidget(self.pattern, 1)
        row.addWidget(self.breaks)

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
        help_line = QLabel(f"{_PATTERN_HELP} {_FLEET_HELP}", what)
        help_line.setWordWrap(True)
        help_line.setForegroundRole(theme.MUTED_ROLE)
        column.addWidget(help_line)
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
        column = QVBoxLayout(box)
        column.addLayout(row)
        column.addLayout(self._by_hand(box))
        return box

    def _by_hand(self, box: QGroupBox) -> QHBoxLayout:
        """Quiet from now on, and how long that still holds."""
        self._hand = QLabel(box)
        self._hand.setObjectName("notify_by_hand")
        row = QHBoxLayout()
        row.addWidget(self._hand, 1)
        now = time.time
        for name, text, seconds in (
            ("hour", "Quiet for an &hour", lambda: 3600.0),
            ("morning", "Quiet until to&morrow 8:00", lambda: tomorrow_morning(now()) - now()),
            ("end", "&End it", lambda: 0.0),
        ):
            button = QPushButton(text, box)
            button.setObjectName(f"notify_quiet_{name}")
            button.clicked.connect(lambda _=False, s=seconds: self._notifier.quiet_for(s()))
            row.addWidget(button)
        self._end_it = button
        return row

    def _tell_by_hand(self) -> None:
        until = self._notifier.kept.choices.quiet_until
        is_quiet = until > time.time()
        clock = datetime.fromtimestamp(until).strftime("%a %d %b %H:%M") if is_quiet else ""
        self._hand.setText(f"Quiet until {clock}, asked for by hand." if is_quiet else "")
        self._end_it.setEnabled(is_quiet)

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
        self._tell_by_hand()
        where = self._notifier.where
        self._where.setText(plain(where) if where else "This desktop shows them.")
        self._decisions.clear()
        for each in reversed(self._notifier.kept.memory.decisions):
            at = datetime.fromtimestamp(each.at).strftime("%d %b %H:%M:%S")
            word = "told" if each.is_told else "not told"
            self._decisions.addItem(one_line(f"{at}  {each.title}  {word}: {each.why}"))
        if not self._decisions.count():
            self._decisions.addItem("Nothing happened so far that could have been told.")
