"""The menu bar, made of the table of actions and of what a window itself can show."""

from collections.abc import Callable, Sequence

import msgspec
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow, QMenu

from console.ui.actions import Actions, Entry, Scope
from console.ui.plain_text import tip

Act = Callable[[], object]
Selected = Callable[[Scope], Sequence[str]]
# What people of other programs look for, where here each thing is set in its own place.
SETTINGS = "settings preferences options"


class WindowEntry(msgspec.Struct, frozen=True):
    """Something that shows and never changes the site.

    ``words`` are further ones by which the palette finds it.
    """

    menu: str
    text: str
    run: Act
    shortcut: str = ""
    starts_group: bool = False
    words: str = ""


class MainMenus:
    """Menus File, View, VM, Node, Plan, Operations and Help of one window.

    Entries of the table stay reachable by their keys; opening a menu greys out what cannot be done
    with the present selection and says why.
    """

    TITLES = ("&File", "&View", "V&M", "&Node", "&Plan", "&Operations", "&Help")

    def __init__(
        self,
        window: QMainWindow,
        actions: Actions,
        selected: Selected,
        entries: Sequence[WindowEntry],
    ) -> None:
        self._window, self._actions, self._selected = window, actions, selected
        self._made: list[tuple[QAction, Entry]] = []
        self.menus = {title: window.menuBar().addMenu(title) for title in self.TITLES}
        self._add_table("&File", Scope.WINDOW)
        self._add_table("V&M", Scope.VMS, Scope.ONE_VM)
        self.menus["V&M"].addSeparator()
        elsewhere = actions.elsewhere_menu(self.menus["V&M"], lambda: selected(Scope.VMS))
        self.menus["V&M"].addMenu(elsewhere)
        self._add_table("&Node", Scope.NODE)
        for entry in entries:
            self._add(
                self.menus[entry.menu], entry.text, entry.run, entry.shortcut, entry.starts_group
            )

    def _add_table(self, title: str, *scopes: Scope) -> None:
        menu = self.menus[title]
        menu.setToolTipsVisible(True)
        for entry in self._actions.entries_for(*scopes):

            def run(entry: Entry = entry) -> None:
                self._actions.do(entry, self._selected(entry.scope))

            action = self._add(menu, entry.text, run, entry.shortcut, entry.starts_group)
            action.setObjectName(entry.id)
            self._made.append((action, entry))
        menu.aboutToShow.connect(self._judge)
        # A greyed action would swallow its key without a word.
        menu.aboutToHide.connect(self._enable_all)

    def _add(self, menu: QMenu, text: str, run: Act, shortcut: str, starts_group: bool) -> QAction:
        if starts_group:
            menu.addSeparator()
        action = QAction(text, self._window)
        action.triggered.connect(lambda _checked=False: run())
        if shortcut:
            action.setShortcut(shortcut)
        menu.addAction(action)
        return action

    def _judge(self) -> None:
        for action, entry in self._made:
            why = self._actions.why_not_now(entry, self._selected(entry.scope))
            action.setEnabled(not why)
            action.setToolTip(tip(why))

    def _enable_all(self) -> None:
        for action, _entry in self._made:
            action.setEnabled(True)
