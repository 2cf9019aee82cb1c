"""Opening plan windows in tests, and closing what is left of them."""

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtWidgets import QFileDialog, QLabel, QMenu

from console.ui.main_window import MainWindow
from console.ui.views.plan_window import PlanWindow
from tests.ui.conftest import settle

NODE = "LAB-N1"


def visible_plans(window: MainWindow) -> list[PlanWindow]:
    return [plan for plan in window.findChildren(PlanWindow) if plan.isVisible()]


@contextmanager
def opened_plan(window: MainWindow, node: str = NODE) -> Iterator[PlanWindow]:
    """The plan that empties a node, by the node's own menu."""
    menu = QMenu(window)
    window.actions_table.fill_node_menu(menu, node)
    entry = next(action for action in menu.actions() if action.objectName() == "plan_drain")
    entry.trigger()
    window.plans._thinking.finish()
    settle()
    (plan,) = visible_plans(window)
    yield plan
    menu.deleteLater()
    for left in visible_plans(window):
        left.close()
    settle()


def said(plan: PlanWindow, name: str) -> str:
    """A label of the page in sight, empty if it is hidden."""
    page = plan.tabs.currentWidget()
    label = page.findChild(QLabel, name)
    assert label is not None
    return label.text() if label.isVisibleTo(page) else ""


def file_dialog(plan: PlanWindow) -> QFileDialog:
    (dialog,) = [d for d in plan.findChildren(QFileDialog) if d.isVisible()]
    return dialog
