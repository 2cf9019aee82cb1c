"""The watchdog says where the GUI thread stood, how long gaps were, and keeps nothing alive."""

import time
import weakref

from pytestqt.qtbot import QtBot

from console.ui.stall_watchdog import StallWatchdog


def test_a_blocked_gui_thread_is_told_once_with_its_place(qtbot: QtBot) -> None:
    told: list[tuple[float, str]] = []
    watchdog = StallWatchdog(lambda seconds, stack: told.append((seconds, stack)), 40.0)
    watchdog.start()
    qtbot.wait(60)

    def a_slow_slot() -> None:
        time.sleep(0.25)

    a_slow_slot()
    qtbot.wait(60)
    watchdog.stop()
    slow = [stack for _seconds, stack in told if "a_slow_slot" in stack]
    assert len(slow) == 1
    assert max(watchdog.gaps_ms) > 200


def test_gaps_of_a_calm_window_are_short(qtbot: QtBot) -> None:
    watchdog = StallWatchdog(lambda _seconds, _stack: None)
    watchdog.start()
    qtbot.wait(200)
    watchdog.stop()
    assert len(watchdog.gaps_ms) > 5
    assert watchdog.percentile_ms(0.5) < 20


def test_the_stalled_frame_is_let_go(qtbot: QtBot) -> None:
    """A painter kept alive by its frame would go on painting on a widget that is done."""

    class Thing:
        pass

    told: list[float] = []
    watchdog = StallWatchdog(lambda seconds, _stack: told.append(seconds), 30.0)
    watchdog.start()
    qtbot.wait(50)
    kept: list[weakref.ref[Thing]] = []

    def slow() -> None:
        thing = Thing()
        kept.append(weakref.ref(thing))
        time.sleep(0.15)

    slow()
    assert told
    assert kept[0]() is None
    watchdog.stop()


def test_without_beats_there_is_no_percentile(qtbot: QtBot) -> None:
    assert StallWatchdog(lambda _seconds, _stack: None).percentile_ms(0.99) == 0.0
