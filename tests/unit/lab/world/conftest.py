"""A small site whose time the test moves."""

from collections.abc import Callable

import pytest

from console.lab.world.clock import MovableClock
from console.lab.world.scenarios import make_site
from console.lab.world.site import Site


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def site(clock: MovableClock) -> Site:
    return make_site("small", clock)


@pytest.fixture
def pass_time(site: Site, clock: MovableClock) -> Callable[[float], None]:
    def pass_(seconds: float) -> None:
        clock.advance(seconds)
        with site.look():
            pass

    return pass_
