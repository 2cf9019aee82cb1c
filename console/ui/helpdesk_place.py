"""Makes a window a helpdesk's: its page in front, nothing to drag, nothing to create."""

from PySide6.QtWidgets import QLabel, QMainWindow, QTabWidget

from console.model import helpdesk
from console.ui.actions import Actions
from console.ui.store import Store
from console.ui.views.helpdesk_page import HelpdeskPage


class HelpdeskPlace:
    """The worker refuses the rest by itself; this takes it out of the way."""

    def __init__(
        self,
        window: QMainWindow,
        tabs: QTabWidget,
        store: Store,
        actions: Actions,
    ) -> None:
        self.page = HelpdeskPage(store, actions)
        tabs.addTab(self.page, "Helpdesk")
        tabs.setCurrentWidget(self.page)
        create = tabs.cornerWidget()
        if create is not None:
            create.hide()
        marker = QLabel("HELPDESK: reads, starts and restarts", window)
        marker.setObjectName("helpdesk_marker")
        marker.setToolTip(helpdesk.REASON)
        window.statusBar().addPermanentWidget(marker)
