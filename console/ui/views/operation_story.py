"""The chosen row's story: how it stands, its whole log, and a row of buttons made from a table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from console.model.foreign_move import ForeignMove
from console.model.operation import GroupRecord, OperationRecord, waiting_reason
from console.model.request import CreateVirtualMachine, LiveMigrate
from console.ui.actions import Actions
from console.ui.models import operation_words as words
from console.ui.models.cancel_words import why_it_goes_on, why_no_cancel
from console.ui.models.expected_time import expected_text
from console.ui.models.operation_cells import group_title
from console.ui.models.operation_rows import TopRow
from console.ui.models.queue import waits
from console.ui.plain_text import plain, tip
from console.ui.store import Store

OnRecord = Callable[[Callable[[OperationRecord], None]], Callable[["Chosen"], None]]


@dataclass(frozen=True)
class Chosen:
    """What the story is of: one operation with its earlier attempts (newest first), a group, or a
    move by somebody else.
    """

    record: OperationRecord | None = None
    earlier: tuple[OperationRecord, ...] = ()
    group_row: TopRow | None = None
    group: GroupRecord | None = None
    foreign: ForeignMove | None = None

    @property
    def is_creation(self) -> bool:
        return self.record is not None and isinstance(self.record.request, CreateVirtualMachine)

    @property
    def is_move(self) -> bool:
        return self.record is not None and isinstance(self.record.request, LiveMigrate)

    def moves_of(self, operations: Mapping[str, OperationRecord]) -> list[OperationRecord]:
        """The moves of a group, each as it was last tried."""
        if self.group_row is None:
            return []
        children = self.group_row.current(operations)
        return [record for record in children if isinstance(record.request, LiveMigrate)]


@dataclass(frozen=True)
class StoryButton:
    """One button. ``is_shown`` keeps it away from rows that it means nothing for; ``why_not``
    tells why it cannot be pressed now, empty if it can.
    """

    name: str
    text: Callable[[Chosen], str]
    act: Callable[[Chosen], None]
    is_shown: Callable[[Chosen], bool]
    why_not: Callable[[Chosen], str]


class OperationStory(QWidget):
    """Shows what is ``chosen``; a story that is being read keeps its place while it grows."""

    def __init__(self, store: Store, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store, self._actions = store, actions
        self._chosen = Chosen()
        self._headline = QLabel(self)
        self._headline.setObjectName("operation_headline")
        self._headline.setTextFormat(Qt.TextFormat.PlainText)
        self._headline.setWordWrap(True)
        # One word of ten thousand letters must not make the window as wide.
        self._headline.setMinimumWidth(1)
        self.log = QPlainTextEdit(self)
        self.log.setObjectName("operation_log")
        self.log.setReadOnly(True)
        self.log.setAccessibleName("Step log")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 6)
        layout.addWidget(self._headline)
        layout.addLayout(self._make_ids())
        layout.addWidget(self.log, 1)
        layout.addLayout(self._make_buttons())

    def show_chosen(self, chosen: Chosen) -> None:
        """Show this; called again with the same row whenever anything of it changed."""
        is_same = _name_of(chosen) == _name_of(self._chosen)
        self._chosen = chosen
        self._headline.setText(plain(self._headline_of(chosen)))
        self._show_log(self._log_of(chosen), is_same)
        record, row = chosen.record, chosen.group_row
        group_id = row.group_id if row is not None else record.group_id if record else ""
        ids = [f"Id {record.id}"] if record is not None else []
        ids += [f"Group {group_id}"] if group_id else []
        self._ids.setText(plain("   ".join(ids)))
        self._ids.setVisible(bool(ids))
        self._copy_log.setEnabled(bool(self.log.toPlainText()))
        self._copy_ids.setVisible(bool(ids))
        self._copy_command.setVisible(record is not None)
        has_commands = record is not None and bool(record.commands)
        self._copy_command.setEnabled(has_commands)
        self._copy_command.setToolTip("" if has_commands else "Nothing was sent")
        for entry, button in self._buttons:
            is_shown = entry.is_shown(chosen)
            button.setVisible(is_shown)
            if not is_shown:
                continue
            why = entry.why_not(chosen)
            button.setText(entry.text(chosen))
            button.setEnabled(not why)
            button.setToolTip(tip(why))

    # -- building ------------------------------------------------------------------------------
    def _make_ids(self) -> QHBoxLayout:
        self._ids = QLabel(self)
        self._ids.setObjectName("operation_ids")
        self._ids.setTextFormat(Qt.TextFormat.PlainText)
        self._ids.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._ids.setForegroundRole(self._ids.palette().ColorRole.PlaceholderText)
        self._ids.setMinimumWidth(1)
        row = QHBoxLayout()
        row.addWidget(self._ids, 1)
        return row

    def _make_buttons(self) -> QVBoxLayout:
        acts, copies = QHBoxLayout(), QHBoxLayout()
        self._buttons: list[tuple[StoryButton, QPushButton]] = []
        for entry in self._table():
            button = QPushButton(self)
            button.setObjectName(f"operation_{entry.name}")
            button.clicked.connect(lambda _=False, entry=entry: entry.act(self._chosen))
            acts.addWidget(button)
            self._buttons.append((entry, button))
        acts.addStretch(1)
        self._copy_log = self._copier("copy_log", "Copy &log", self.log.toPlainText)
        self._copy_command = self._copier("copy", "Copy as co&mmand", self._commands)
        self._copy_ids = self._copier("copy_id", "Copy &id", self._id_to_copy)
        for copier in (self._copy_log, self._copy_command, self._copy_ids):
            copies.addWidget(copier)
        copies.addStretch(1)
        rows = QVBoxLayout()
        rows.addLayout(acts)
        rows.addLayout(copies)
        return rows

    def _copier(self, name: str, text: str, what: Callable[[], str]) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(f"operation_{name}")
        button.clicked.connect(lambda _=False: QGuiApplication.clipboard().setText(what()))
        return button

    def _commands(self) -> str:
        record = self._chosen.record
        return "\n".join(record.commands) if record is not None else ""

    def _id_to_copy(self) -> str:
        if self._chosen.record is not None:
            return self._chosen.record.id
        return self._chosen.group_row.group_id if self._chosen.group_row is not None else ""

    # -- buttons -------------------------------------------------------------------------------
    def _table(self) -> Sequence[StoryButton]:
        """Every button; a new one is one more entry."""
        actions = self._actions

        def on_record(act: Callable[[OperationRecord], None]) -> Callable[[Chosen], None]:
            return lambda chosen: act(chosen.record) if chosen.record is not None else None

        return (
            StoryButton(
                "cancel",
                lambda chosen: "&Cancel all" if chosen.group_row is not None else "&Cancel",
                self._cancel,
                lambda chosen: chosen.foreign is None,
                self._why_no_cancel,
            ),
            *self._arranging_buttons(on_record),
            StoryButton(
                "retry",
                lambda _: "&Retry",
                on_record(actions.retry),
                lambda chosen: chosen.record is not None and not chosen.is_creation,
                lambda chosen: actions.why_no_retry(chosen.record) if chosen.record else "",
            ),
            StoryButton(
                "retry_failed",
                self._retry_failed_text,
                self._retry_failed,
                lambda chosen: chosen.group_row is not None,
                self._why_no_retry_failed,
            ),
            StoryButton(
                "create_again",
                lambda _: "Create a&gain…",
                on_record(actions.create_again),
                lambda chosen: chosen.is_creation,
                lambda chosen: _unless(
                    chosen.record is not None and actions.can_create_again(chosen.record),
                    "Only a creation that came to nothing is made again.",
                ),
            ),
            StoryButton(
                "clean_up",
                lambda _: "Clean &up…",
                on_record(actions.clean_up),
                lambda chosen: chosen.is_creation,
                lambda chosen: _unless(
                    chosen.record is not None and actions.can_clean_up(chosen.record),
                    "Only what a failed creation made is cleaned up.",
                ),
            ),
            *self._moving_buttons(on_record),
        )

    def _arranging_buttons(self, on_record: OnRecord) -> Sequence[StoryButton]:
        arranging = self._actions.arranging

        def is_waiting(chosen: Chosen) -> bool:
            return chosen.record is not None and waits(chosen.record)

        def why_no_move_up(chosen: Chosen) -> str:
            return arranging.why_no_move_up(chosen.record) if chosen.record is not None else ""

        return (
            StoryButton(
                "stop_between",
                self._stop_text,
                lambda chosen: self._stop_group(chosen),
                lambda chosen: chosen.group_row is not None,
                lambda chosen: arranging.why_no_stop(chosen.group, self._children(chosen)),
            ),
            StoryButton(
                "move_up",
                lambda _: "Move &up",
                on_record(arranging.move_up),
                is_waiting,
                why_no_move_up,
            ),
            StoryButton(
                "to_front",
                lambda _: "To the &front",
                on_record(arranging.to_front),
                is_waiting,
                why_no_move_up,
            ),
        )

    def _stop_text(self, chosen: Chosen) -> str:
        has_moves = bool(chosen.moves_of(self._store.operations))
        return "&Stop between moves" if has_moves else "&Stop what waits"

    def _stop_group(self, chosen: Chosen) -> None:
        if chosen.group_row is not None:
            self._actions.arranging.stop_group(chosen.group_row.group_id)

    def _moving_buttons(self, on_record: OnRecord) -> Sequence[StoryButton]:
        moving = self._actions.moving
        return (
            StoryButton(
                "move_back",
                lambda _: "Move &back",
                on_record(moving.back),
                lambda chosen: chosen.is_move,
                lambda chosen: _unless(
                    chosen.record is not None and moving.can_go_back(chosen.record),
                    "Only a VM that arrived, and is still there, is moved back.",
                ),
            ),
            StoryButton(
                "move_back_all",
                self._move_back_text,
                lambda chosen: moving.back_all(chosen.moves_of(self._store.operations)),
                lambda chosen: bool(chosen.moves_of(self._store.operations)),
                lambda chosen: moving.why_not_back(chosen.moves_of(self._store.operations)),
            ),
        )

    def _cancel(self, chosen: Chosen) -> None:
        if chosen.group_row is not None:
            self._actions.cancel_group(chosen.group_row.group_id)
        elif chosen.record is not None:
            self._actions.cancel_operation(chosen.record.id)

    def _why_no_cancel(self, chosen: Chosen) -> str:
        if chosen.group_row is not None:
            return self._why_no_group_cancel(chosen)
        if chosen.record is None:
            return "No operation is chosen."
        return why_no_cancel(chosen.record)

    def _why_no_group_cancel(self, chosen: Chosen) -> str:
        assert chosen.group_row is not None
        if chosen.group_row.standing(self._store.operations).is_over:
            return "All of it is over."
        if chosen.group is not None and chosen.group.cancel_requested:
            return "All of it was asked to stop already."
        children = self._children(chosen)
        can = any(r.can_cancel and not r.is_over and not r.cancel_requested for r in children)
        if can:
            return ""
        why = next(filter(None, map(why_it_goes_on, children)), "")
        return f"None of it can be stopped now. {why}".strip()

    def _children(self, chosen: Chosen) -> list[OperationRecord]:
        row = chosen.group_row
        return list(row.current(self._store.operations)) if row is not None else []

    def _failed(self, chosen: Chosen) -> list[OperationRecord]:
        return self._actions.failed_of(self._children(chosen))

    def _retry_failed_text(self, chosen: Chosen) -> str:
        count = len(self._failed(chosen))
        return f"&Retry failed ({count})" if count else "&Retry failed"

    def _move_back_text(self, chosen: Chosen) -> str:
        moves = chosen.moves_of(self._store.operations)
        count = sum(map(self._actions.moving.can_go_back, moves))
        return f"Move &back ({count})" if count else "Move &back"

    def _retry_failed(self, chosen: Chosen) -> None:
        if chosen.group_row is not None:
            self._actions.retry_failed(chosen.group_row.group_id)

    def _why_no_retry_failed(self, chosen: Chosen) -> str:
        return self._actions.why_no_retry_of(self._failed(chosen))

    # -- words ---------------------------------------------------------------------------------
    def _headline_of(self, chosen: Chosen) -> str:
        operations = self._store.operations
        if chosen.foreign is not None:
            move = chosen.foreign
            title, state = words.foreign_title(move), words.foreign_state_text(move)
            return f"{title}: {state}\n{words.foreign_progress_text(move)}"
        if chosen.group_row is not None:
            now = chosen.group_row.standing(operations)
            title = group_title(chosen.group, now.total)
            return f"{title}: {words.group_state_text(chosen.group, now)}\n{words.counts_text(now)}"
        record = chosen.record
        if record is None:
            return "No operation chosen. What you start appears here."
        slots = self._store.inventory.cluster.parallel_migrations or 1
        lines = [
            f"{record.title}: {words.state_text(record)}",
            words.progress_text(record),
            expected_text(record, operations.values(), slots),
        ]
        if record.queue_position and not waiting_reason(record):
            del lines[1]  # the last line says it with more
        # Said here too: a grey button tells its reason only to a mouse that rests on it.
        lines.append(why_it_goes_on(record))
        return "\n".join(line for line in lines if line)

    def _log_of(self, chosen: Chosen) -> str:
        if chosen.foreign is not None:
            return words.foreign_story(chosen.foreign)
        if chosen.group_row is not None:
            return words.group_story(self._children(chosen))
        return words.story(chosen.record, chosen.earlier) if chosen.record is not None else ""

    def _show_log(self, text: str, is_same: bool) -> None:
        """A log follows its end unless somebody scrolled away; a list begins at its beginning."""
        if is_same and text == self.log.toPlainText():
            return
        bar = self.log.verticalScrollBar()
        place, is_at_end = bar.value(), bar.value() == bar.maximum()
        self.log.setPlainText(text)
        if self._chosen.record is not None and (is_at_end or not is_same):
            bar.setValue(bar.maximum())
        else:
            bar.setValue(place if is_same else 0)


def _name_of(chosen: Chosen) -> str:
    if chosen.group_row is not None:
        return chosen.group_row.group_id
    if chosen.foreign is not None:
        return f"foreign:{chosen.foreign.vm_key}:{chosen.foreign.first_seen}"
    return chosen.record.id if chosen.record is not None else ""


def _unless(is_possible: bool, why: str) -> str:
    return "" if is_possible else why
