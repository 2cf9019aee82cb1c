"""A list's button *Views*: those that are built in, the person's own, and keeping what is shown."""

import functools
import weakref
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QToolButton, QWidget
from shiboken6 import isValid

from console.ui.file_thread import file_thread
from console.ui.models import saved_views
from console.ui.models.saved_views import SavedView, ViewsKind
from console.ui.plain_text import one_line

_buttons: "weakref.WeakSet[ViewsButton]" = weakref.WeakSet()


class ViewsButton(QToolButton):
    """Signals: ``chosen(SavedView)``; ``filling(QMenu)`` while the menu is made, after the views
    that are built in, for what the list has besides; ``not_kept(OSError)``.
    """

    chosen = Signal(object)
    filling = Signal(object)
    not_kept = Signal(object)

    def __init__(
        self, kind: ViewsKind, folder: Path, shown: Callable[[], SavedView], parent: QWidget
    ) -> None:
        """``shown``: what the list shows now, under the name that it would be kept by."""
        super().__init__(parent)
        self._kind, self._folder, self._shown = kind, folder, shown
        _buttons.add(self)
        self.own: tuple[SavedView, ...] = ()
        self._is_loaded = False
        self.setText("Views")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self)
        menu.aboutToShow.connect(self._fill)
        self.setMenu(menu)
        file_thread().run(lambda: saved_views.load(folder, kind), self._on_loaded, self)

    def keep(self) -> None:
        """Under its own words as its name."""
        self._save((*self.own, self._shown()))

    def forget(self) -> None:
        """What is shown is no longer kept."""
        shown = self._shown()
        self._save(tuple(view for view in self.own if not view.shows_as(shown)))

    def _on_loaded(self, views: object) -> None:
        if isinstance(views, tuple) and not self._is_loaded:
            self.own = views
        self._is_loaded = True

    def _fill(self) -> None:
        menu, shown = self.menu(), self._shown()
        menu.clear()
        self._add(menu, self._kind.built_in)
        self.filling.emit(menu)
        menu.addSeparator()
        self._add(menu, self.own)
        known = any(view.shows_as(shown) for view in (*self._kind.built_in, *self.own))
        keep = menu.addAction("Keep what is searched as a view")
        keep.setObjectName("keep_view")
        # What is kept is not known for a moment after the start: nothing of it is written over.
        keep.setEnabled(bool(shown.name) and not known and self._is_loaded)
        keep.triggered.connect(self.keep)
        if any(view.shows_as(shown) for view in self.own):
            menu.addAction("Forget this view").triggered.connect(self.forget)

    def _add(self, menu: QMenu, views: tuple[SavedView, ...]) -> None:
        for view in views:
            action = menu.addAction(one_line(view.name).replace("&", "&&"))
            action.triggered.connect(lambda _=False, view=view: self.chosen.emit(view))

    def _save(self, views: tuple[SavedView, ...]) -> None:
        # Other tabs have the same views: whoever saves last must not lose what they keep.
        for other in list(_buttons):
            if isValid(other) and (other._folder, other._kind) == (self._folder, self._kind):
                other.own, other._is_loaded = views, True
        save = functools.partial(saved_views.save, self._folder, self._kind, views)
        file_thread().run(save, self._on_saved, self)

    def _on_saved(self, result: object) -> None:
        if isinstance(result, OSError):
            self.not_kept.emit(result)
