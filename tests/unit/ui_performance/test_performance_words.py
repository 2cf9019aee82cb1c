"""Gaps are cut, nothing is told as zero, and axes end at round numbers."""

import math
import time

import pytest

from console.catalog import load_performance_history
from console.model.performance import FigureSeries, TimeFrame
from console.ui.performance import words


def series(*points: tuple[float, float | None], unit: str = "percent") -> FigureSeries:
    times, values = zip(*points, strict=True) if points else ((), ())
    return FigureSeries("x", "CPU", unit, tuple(times), tuple(values))


def test_every_frame_of_the_data_is_a_frame_of_the_model() -> None:
    assert [each.id for each in load_performance_history().frame] == [str(f) for f in TimeFrame]


def test_a_line_is_cut_where_nothing_was_recorded() -> None:
    told = series((0, 1.0), (10, 2.0), (20, None), (30, 3.0), (300, 4.0), (310, math.nan))
    assert [len(run.points) for run in words.spells(told, 10)] == [2, 1, 1]
    assert "2 gaps" in words.summary(told, TimeFrame.HOUR)
    assert words.spells(series(), 10) == ()


def test_one_late_entry_is_no_gap() -> None:
    assert len(words.spells(series((0, 1.0), (20, 2.0), (30, 2.0)), 10)) == 1


def test_what_was_not_recorded_is_said_so() -> None:
    assert words.summary(series((0, None)), TimeFrame.DAY) == "nothing recorded in this time"
    told = series((1000, 4.0), (1300, None))
    assert words.at_text(told, TimeFrame.DAY, 1010).endswith(": 4.0 %")
    assert words.at_text(told, TimeFrame.DAY, 1290).endswith("nothing recorded")
    assert words.at_text(told, TimeFrame.DAY, 9000).endswith("nothing recorded")
    assert words.at_text(series(), TimeFrame.DAY, 0).endswith("nothing recorded")


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        ("percent", 12.4, "12 %"),
        ("percent", 0.42, "0.42 %"),
        ("MiB", 8192.0, "8 GiB"),
        ("KiB/s", 2048.0, "2.0 MiB/s"),
        ("ms", 0.449, "0.45 ms"),
        ("ms", 130.2, "130 ms"),
    ],
)
def test_values_in_words(unit: str, value: float, text: str) -> None:
    assert words.value_text(unit, value) == text


@pytest.mark.parametrize(
    ("largest", "unit", "top"),
    [
        (0.0, "percent", 1.0),
        (1.3, "percent", 2.0),
        (97.0, "percent", 100.0),
        (8192.0, "MiB", 8192.0),
        (9000.0, "MiB", 10240.0),
        (3000.0, "KiB/s", 4096.0),
        (0.449, "ms", 0.5),
        (math.inf, "ms", 1.0),
    ],
)
def test_the_axis_ends_at_a_round_number(largest: float, unit: str, top: float) -> None:
    assert words.nice_top(largest, unit) == pytest.approx(top)


@pytest.mark.parametrize("frame", list(TimeFrame))
def test_ticks_stand_within_and_are_few(frame: TimeFrame) -> None:
    end = time.mktime((2026, 3, 30, 11, 7, 0, 0, 0, -1))
    begin = end - words.frame_facts(frame).kept_for_s
    found = words.ticks(begin, end, frame)
    assert 4 <= len(found) <= 9
    assert all(begin <= at <= end for at in found)
    assert len({words.tick_text(at, frame) for at in found}) == len(found)
