import pytest

from console.lab.world.clock import MovableClock, RealClock


def test_movable_clock_moves_only_when_moved() -> None:
    clock = MovableClock(100.0)
    assert clock.now() == clock.now() == 100.0
    clock.advance(2.5)
    assert clock.now() == 102.5
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)


def test_real_clock_runs_and_jumps_and_never_goes_back() -> None:
    clock = RealClock()
    first = clock.now()
    clock.advance(3600)
    clock.speed = 50.0
    second = clock.now()
    clock.speed = 0.01
    assert first + 3600 <= second <= clock.now()
    with pytest.raises(ValueError, match="above 0"):
        clock.speed = 0
