"""Figures as the window saw them: gaps stay gaps, unknown is never zero, old is told as old."""

import math

import msgspec
import pytest
from PySide6.QtWidgets import QLabel

from console.model.snapshot import ClusterSnapshot, SnapshotDelta
from console.model.virtual_machine import VmMetrics
from console.ui.main_window import MainWindow
from console.ui.models.figures import GAP_S, MOST, Figures, Reading
from console.ui.models.inspector_facts import node_facts
from console.ui.store import Store
from console.ui.views.figures_panel import FiguresPanel, Sparkline
from tests.ui.conftest import settle
from tests.ui.sample import snapshot

replace = msgspec.structs.replace


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def read_at(small: ClusterSnapshot, at: float) -> ClusterSnapshot:
    """All its nodes answered then."""
    return replace(small, nodes=tuple(replace(node, read_at=at) for node in small.nodes))


def fed(store: Store, key: str, cpu: int | None, **more: int) -> None:
    nodes = read_at(store.inventory.snapshot(), store.now()).nodes
    store.apply(SnapshotDelta(metrics=((key, VmMetrics(cpu, **more)),), nodes=nodes))


def test_a_vm_and_its_node_have_a_series(clock: Clock, qapp: object) -> None:
    store = Store(now=clock)
    figures = Figures(store, store)
    small = snapshot("small")
    store.replace(read_at(small, clock.now))
    key = small.vms[0].key
    clock.now += 20
    fed(store, key, 77, memory_assigned_mib=4096)
    found = figures.readings(f"vm:{key}")
    assert len(found) == 2
    assert found[-1].at == pytest.approx(clock.now, abs=0.01)
    assert found[-1].values[:2] == (77.0, 4096.0)
    assert math.isnan(found[-1].values[2])
    node = figures.readings(f"node:{small.nodes[0].name}")
    assert node[0].values[1] > 0


def test_a_silent_node_has_no_new_readings_because_another_answered(
    clock: Clock, qapp: object
) -> None:
    store = Store(now=clock)
    figures = Figures(store, store)
    small = snapshot("small")
    store.replace(small)
    silent, answers, *others = small.nodes
    silent = replace(silent, read_at=clock.now, cpu_percent=40.0)
    said = clock.now
    for cpu in range(5):
        answers = replace(answers, read_at=clock.now, cpu_percent=float(cpu))
        store.apply(SnapshotDelta(nodes=(silent, answers, *others)))
        clock.now += 20
    assert figures.readings(f"node:{silent.name}")[-1].at == pytest.approx(said, abs=0.01)
    last = figures.readings(f"node:{answers.name}")[-1]
    assert (last.at, last.values[0]) == (pytest.approx(clock.now - 20, abs=0.01), 4.0)


def test_what_was_stored_is_no_reading_of_now(clock: Clock, qapp: object) -> None:
    store = Store(now=clock)
    figures = Figures(store, store)
    small = snapshot("small")
    store.is_stored = True
    figures._on_replaced()
    assert figures.readings(f"vm:{small.vms[0].key}") == []


def test_it_is_bounded_and_a_vm_that_is_gone_leaves_nothing(clock: Clock, qapp: object) -> None:
    store = Store(now=clock)
    figures = Figures(store, store)
    small = snapshot("small")
    store.replace(read_at(small, clock.now))
    key = small.vms[0].key
    for at in range(MOST + 30):
        clock.now += 20
        fed(store, key, at % 100)
    assert len(figures.readings(f"vm:{key}")) == MOST
    store.apply(SnapshotDelta(removed=(key,)))
    assert figures.readings(f"vm:{key}") == []


def test_no_line_is_drawn_across_what_nobody_saw(qapp: object) -> None:
    line = Sparkline(0)
    nothing = (math.nan,) * 3
    times = [0.0, 20.0, 40.0, 40.0 + GAP_S + 1, 60.0 + GAP_S]
    line.show_readings([Reading(at, (5.0, *nothing)) for at in times])
    assert [len(run) for run in line._points] == [3, 2]
    holes = [Reading(at, (value, *nothing)) for at, value in ((0, 1.0), (20, math.nan), (40, 2.0))]
    line.show_readings(holes)
    assert [len(run) for run in line._points] == [1, 1]
    line.grab()
    line.deleteLater()


def test_the_panel_tells_unknown_and_old(qapp: object) -> None:
    panel = FiguresPanel()
    values = (21.0, 4096.0, math.nan, 10.0)
    panel.show_readings([Reading(100.0, values), Reading(120.0, values)], 121.0)
    assert panel.lines[2].accessibleName() == "Network: not told"
    assert panel.lines[0].accessibleName().startswith("CPU: 21 %; from 21 % to 21 % in ")
    since = panel.findChild(QLabel, "figures_since")
    assert since is not None
    assert "2 readings." in since.text()
    panel.show_readings([Reading(100.0, values)], 100.0 + 2 * GAP_S)
    assert "the last was 4 min ago" in since.text()
    assert not panel._values[0].isEnabled()
    panel.show_readings((), 0.0)
    assert panel.isHidden()
    panel.deleteLater()


def test_the_inspector_shows_them(window: MainWindow, store: Store) -> None:
    _ = window.inspector
    small = snapshot("small")
    store.replace(small)
    key = small.vms[0].key
    window.inspector.show_vm(key)
    settle()
    assert not window.inspector.figures.isHidden()
    window.inspector.show_node(small.nodes[0].name)
    assert not window.inspector.figures.isHidden()
    window.inspector.clear()
    assert window.inspector.figures.isHidden()


def test_a_figure_is_told_once(window: MainWindow, store: Store) -> None:
    """By its line, which has an age; in words where this console saw nothing of it yet."""
    _ = window.inspector
    small = snapshot("small")
    store.replace(small)
    said = window.inspector._overview
    for show, subject in (
        (window.inspector.show_vm, small.vms[0].key),
        (window.inspector.show_node, small.nodes[0].name),
    ):
        show(subject)
        settle()
        names = {label.text() for label in said.findChildren(QLabel) if not label.isHidden()}
        assert "Network now" not in names
        assert not names & {"CPU", "CPU now", "Storage now"}
        assert names & {"Memory", "Memory in use"}
    node = small.nodes[0]
    spoken = {fact.name: fact.value for fact in node_facts(node, store.inventory, store.now())}
    assert spoken["Drain"] == "none asked for"
    assert {"CPU", "Network now"} <= spoken.keys()


def test_a_steady_vm_was_read_whenever_its_node_answered(clock: Clock, qapp: object) -> None:
    store = Store(now=clock)
    figures = Figures(store, store)
    small = snapshot("small")
    vm = small.vms[0]
    start = clock.now
    store.replace(read_at(small, start))
    for _ in range(10):
        clock.now += 20
        store.apply(SnapshotDelta(nodes=read_at(small, clock.now).nodes))
    found = figures.readings(f"vm:{vm.key}")
    assert len(found) == 11
    assert clock.now - found[-1].at == pytest.approx(0, abs=0.1)
    assert {each.values for each in found} == {found[0].values} or math.isnan(found[0].values[2])


def test_a_changed_row_is_no_new_reading_of_a_silent_node(clock: Clock, qapp: object) -> None:
    store = Store(now=clock)
    figures = Figures(store, store)
    small = snapshot("small")
    start = clock.now
    store.replace(read_at(small, start))
    clock.now += 600
    vm = store.inventory.vms[small.vms[0].key]
    store.apply(SnapshotDelta(upserted=(replace(vm, name="renamed"),)))
    found = figures.readings(f"vm:{vm.key}")
    assert clock.now - found[-1].at == pytest.approx(600, abs=0.1)


def test_a_clock_that_goes_back_begins_anew(clock: Clock, qapp: object) -> None:
    store = Store(now=clock)
    figures = Figures(store, store)
    small = snapshot("small")
    store.replace(read_at(small, clock.now))
    back = clock.now - 86_400
    store.apply(SnapshotDelta(nodes=read_at(small, back).nodes))
    name = small.nodes[0].name
    assert [each.at for each in figures.readings(f"node:{name}")] == pytest.approx([back], abs=8)
