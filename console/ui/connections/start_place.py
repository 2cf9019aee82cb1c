"""Where the views are while something is connected, and the start page while nothing is."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QBoxLayout, QMainWindow, QWidget

from console.ui.views.status_strip import StatusStrip

_TITLE = "Trusted launch console"


class StartPlace:
    """Of one main window: its views and docks hide while a page stands in their place."""

    def __init__(
        self,
        window: QMainWindow,
        layout: QBoxLayout,
        views: QWidget,
        docks: Sequence[QWidget],
        strip: StatusStrip,
    ) -> None:
        self._window, self._layout, self._views = window, layout, views
        self._docks, self._strip = tuple(docks), strip
        self._page: QWidget | None = None
        self._hidden: tuple[QWidget, ...] = ()

    def show(self, page: QWidget) -> None:
        """In place of the views while nothing is connected."""
        self._page = page
        self._strip.is_idle = True
        self._strip.tell()
        self._hidden = (self._views, *(dock for dock in self._docks if not dock.isHidden()))
        for part in self._hidden:
            part.hide()
        self._layout.insertWidget(1, page, 1)
        page.show()

    def end(self, name: str, lab_name: str) -> None:
        """A connection was chosen: the views are back, and the window says whose they are."""
        self._window.setWindowTitle(f"{name} - {_TITLE}" + (" (lab)" if lab_name else ""))
        if lab_name:
            self._strip.mark_lab(lab_name)
        self._strip.is_idle = False
        self._strip.tell()
        if self._page is None:
            return
        self._page.hide()
        self._page.deleteLater()
        self._page = None
        for part in self._hidden:
            part.show()
        self._views.setFocus(Qt.FocusReason.OtherFocusReason)
