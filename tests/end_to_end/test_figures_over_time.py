"""Over the lab's sockets: what the cluster remembers comes to the window, and its refusals too."""

from pathlib import Path

from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from console.model.performance import TimeFrame
from console.ui.performance.performance_window import PerformanceWindow
from tests.end_to_end.lab_process import Lab
from tests.end_to_end.opened_window import opened_window
from tests.end_to_end.test_the_past_is_kept import is_read, until


def told(window: PerformanceWindow) -> str:
    label = window.findChild(QLabel, "performance_told")
    assert label is not None
    return label.text()


def test_a_node_and_a_vm_over_time(
    lab: Lab, qapp: QApplication, qtbot: QtBot, tmp_path: Path
) -> None:
    with opened_window(lab.endpoints, tmp_path / "state", qapp) as window:
        until(qtbot, lambda: is_read(window))
        vm = next(v for v in window._store.inventory.vms.values() if v.name == "app-02")
        of_vm = window.health.performance.open(f"vm:{vm.key}")
        until(qtbot, lambda: of_vm.history is not None)
        assert of_vm.history is not None
        assert [each.title for each in of_vm.history.series][:2] == ["CPU", "Memory assigned"]
        assert of_vm.history.told_by == vm.owner_node
        assert len(of_vm.history.series[0].times) == 300
        of_node = window.health.performance.open(f"node:{vm.owner_node}")
        until(qtbot, lambda: of_node.history is not None)
        of_node.ask(TimeFrame.YEAR)
        until(qtbot, lambda: of_node.history and of_node.history.frame is TimeFrame.YEAR)
        lab.ask("fault", name="history_off", args={})
        of_node.ask(TimeFrame.WEEK)
        until(qtbot, lambda: "does not keep a performance history" in told(of_node))
        assert "What you see is the year" in told(of_node)
        lab.ask("fault", name="missing_function", args={"name": "Get-TlcVmHistory"})
        of_vm.ask(TimeFrame.HOUR)
        until(qtbot, lambda: "lacks a function of the console's module" in told(of_vm))
        of_vm.close()
        of_node.close()
