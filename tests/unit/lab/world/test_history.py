"""The lab remembers what it told, and nothing of when something was off."""

import itertools

import pytest

from console.catalog import load_performance_history
from console.lab.world.clock import MovableClock
from console.lab.world.errors import WorldError
from console.lab.world.scenarios import make_site
from console.lab.world.site import Site

FRAMES = {each.id: each for each in load_performance_history().frame}


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def site(clock: MovableClock) -> Site:
    return make_site("small", clock)


def running(site: Site) -> str:
    return next(vm.vm_id for vm in site.vms.values() if vm.state == "Running")


@pytest.mark.parametrize("frame", FRAMES)
def test_each_frame_has_its_step_and_its_length(site: Site, frame: str) -> None:
    with site.look():
        rows = site.history.of_vm(site.vms[running(site)], frame)
        times = rows[0]["times"]
        assert isinstance(times, list)
        facts = FRAMES[frame]
        assert {b - a for a, b in itertools.pairwise(times)} == {facts.step_s}
        assert times[-1] - times[0] == pytest.approx(facts.kept_for_s, abs=2 * facts.step_s)
        assert site.now - times[-1] < facts.step_s


def test_what_was_told_is_what_is_remembered(site: Site, clock: MovableClock) -> None:
    with site.look():
        vm = site.vms[running(site)]
    told = []
    for _ in range(12):
        with site.look():
            told.append((site.now, vm.cpu_percent, vm.network_kib_s, vm.storage_kib_s))
        clock.advance(5)
    with site.look():
        for at, *figures in told:
            assert list(site.figures.at(vm, at)) == figures


def test_a_vm_that_was_off_has_a_gap_as_long(site: Site, clock: MovableClock) -> None:
    with site.look():
        vm = site.vms[running(site)]
    vm.state = "Off"
    clock.advance(300)
    with site.look():
        assert site.figures.was_silent(vm.vm_id, site.now)
    clock.advance(300)
    vm.state = "Running"
    with site.look():
        pass
    clock.advance(300)
    with site.look():
        times = site.history.of_vm(vm, "LastHour")[0]["times"]
        assert isinstance(times, list)
        assert max(b - a for a, b in itertools.pairwise(times)) == pytest.approx(300, abs=20)


def test_silences_are_bounded(site: Site, clock: MovableClock) -> None:
    with site.look():
        vm = site.vms[running(site)]
    for number in range(90):
        vm.state = "Off" if number % 2 else "Running"
        clock.advance(5)
        with site.look():
            pass
    assert len(site.figures.silences[vm.vm_id]) == 20


def test_a_history_that_is_off_is_refused_with_the_cmdlet_that_starts_it(site: Site) -> None:
    with site.look():
        site.faults.apply("history_off", {})
        with pytest.raises(WorldError, match="Start-ClusterPerformanceHistory"):
            site.history.of_node(next(iter(site.nodes.values())), "LastDay")
