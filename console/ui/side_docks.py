"""The docks of the open cluster beside and below the views: made, sized, out of the way, back."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QWidget


class SideDocks(dict[str, QDockWidget]):
    """``inspector`` and ``operations`` by these names, each with an empty widget at first."""

    def __init__(self, window: QMainWindow) -> None:
        super().__init__()
        self._window = window
        self._stepped_aside: list[QDockWidget] = []
        right, bottom = (
            Qt.DockWidgetArea.RightDockWidgetArea,
            Qt.DockWidgetArea.BottomDockWidgetArea,
        )
        self["inspector"] = self._dock("Inspector", right)
        self["operations"] = self._dock("Operations", bottom)
        letters, lines = window.fontMetrics().averageCharWidth(), window.fontMetrics().height()
        window.resizeDocks([self["inspector"]], [70 * letters], Qt.Orientation.Horizontal)
        window.resizeDocks([self["operations"]], [12 * lines], Qt.Orientation.Vertical)

    def step_aside(self) -> None:
        """Hide those in sight until ``come_back``."""
        if not self._stepped_aside:
            self._stepped_aside = [dock for dock in self.values() if not dock.isHidden()]
            for dock in self._stepped_aside:
                dock.hide()

    def come_back(self) -> None:
        for dock in self._stepped_aside:
            dock.show()
        self._stepped_aside = []

    def toggle(self, name: str) -> None:
        self[name].setVisible(not self[name].isVisible())

    def _dock(self, title: str, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self._window)
        dock.setObjectName(f"dock_{title.lower()}")
        dock.setWidget(QWidget(dock))
        self._window.addDockWidget(area, dock)
        return dock
