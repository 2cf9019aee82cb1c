"""A series of figures in words and numbers. No Qt, so quick to test."""

import math
import time
from collections.abc import Iterator

import msgspec

from console.catalog import HistoryFrame, load_performance_history
from console.model.performance import FigureSeries, PerformanceHistory, TimeFrame
from console.ui.models.csv_text import csv_text
from console.ui.models.inspector_facts import rate_text
from console.ui.models.vm_columns import memory_text

# Two entries further apart than so many steps have a gap between them: one step may be late.
_GAP_STEPS = 2.5
_STEP_WORDS = {10: "10 seconds", 300: "5 minutes", 900: "15 minutes", 3600: "hour", 86400: "day"}
_TICK_FORMATS = {
    TimeFrame.HOUR: "%H:%M",
    TimeFrame.DAY: "%H:%M",
    TimeFrame.WEEK: "%a %d",
    TimeFrame.MONTH: "%d %b",
    TimeFrame.YEAR: "%b %Y",
}


class Spell(msgspec.Struct, frozen=True):
    """Entries that follow each other without a gap: (time, value), at least one."""

    points: tuple[tuple[float, float], ...]


def frame_facts(frame: TimeFrame) -> HistoryFrame:
    return next(each for each in load_performance_history().frame if each.id == frame)


def spells(series: FigureSeries, step_s: float) -> tuple[Spell, ...]:
    """What was recorded, cut where nothing was: no line may be drawn across a cut."""
    return tuple(Spell(tuple(points)) for points in _runs(series, step_s * _GAP_STEPS))


def _runs(series: FigureSeries, longest: float) -> Iterator[list[tuple[float, float]]]:
    run: list[tuple[float, float]] = []
    for at, value in zip(series.times, series.values, strict=False):
        is_told = value is not None and math.isfinite(value)
        if run and (not is_told or at - run[-1][0] > longest):
            yield run
            run = []
        if is_told and value is not None:
            run.append((at, value))
    if run:
        yield run


def value_text(unit: str, value: float) -> str:
    """With its unit, to as many digits as a person compares."""
    if unit == "MiB":
        return memory_text(round(value))
    if unit == "KiB/s":
        return rate_text(round(value))
    digits = 0 if abs(value) >= 10 else 1 if abs(value) >= 1 else 2
    return f"{value:.{digits}f} {'%' if unit == 'percent' else unit}"


def summary(series: FigureSeries, frame: TimeFrame) -> str:
    """One line: the newest, the mean, from and to, and how many gaps."""
    told = [each for each in series.values if each is not None and math.isfinite(each)]
    if not told:
        return "nothing recorded in this time"
    unit = series.unit
    cuts = len(spells(series, frame_facts(frame).step_s)) - 1
    gaps = "" if cuts < 1 else f"; {cuts} gap{'' if cuts == 1 else 's'}"
    return (
        f"last {value_text(unit, told[-1])}; mean {value_text(unit, sum(told) / len(told))}; "
        f"{value_text(unit, min(told))} to {value_text(unit, max(told))}{gaps}"
    )


def at_text(series: FigureSeries, frame: TimeFrame, at: float) -> str:
    """What was recorded at a moment of the chart: its entry, or that there is none."""
    step = frame_facts(frame).step_s
    nearest = min(
        zip(series.times, series.values, strict=False),
        key=lambda each: abs(each[0] - at),
        default=None,
    )
    if nearest is None or abs(nearest[0] - at) > step or nearest[1] is None:
        return f"{when_text(at, frame)}: nothing recorded"
    return f"{when_text(nearest[0], frame)}: {value_text(series.unit, nearest[1])}"


def when_text(at: float, frame: TimeFrame) -> str:
    form = {TimeFrame.HOUR: "%H:%M:%S", TimeFrame.YEAR: "%d %b %Y"}.get(frame, "%a %d %b %H:%M")
    return time.strftime(form, time.localtime(at))


def tick_text(at: float, frame: TimeFrame) -> str:
    return time.strftime(_TICK_FORMATS[frame], time.localtime(at))


def ticks(begin: float, end: float, frame: TimeFrame) -> tuple[float, ...]:
    """Round moments of this computer's clock for the axis: five to nine of them."""
    every = {
        TimeFrame.HOUR: 600,
        TimeFrame.DAY: 4 * 3600,
        TimeFrame.WEEK: 86400,
        TimeFrame.MONTH: 5 * 86400,
    }.get(frame)
    if every is None:
        return tuple(_months(begin, end))
    offset = time.localtime(end).tm_gmtoff
    first = math.ceil((begin + offset) / every) * every - offset
    return tuple(first + n * every for n in range(int((end - first) // every) + 1))


def _months(begin: float, end: float) -> Iterator[float]:
    """The first of every other month."""
    moment = time.localtime(begin)
    year, month = moment.tm_year, moment.tm_mon + 1
    while (at := time.mktime((year, month, 1, 0, 0, 0, 0, 0, -1))) <= end:
        yield at
        month += 2


def nice_top(largest: float, unit: str) -> float:
    """The axis ends at a round number at or above the largest value; never at zero."""
    if largest <= 0 or not math.isfinite(largest):
        return 1.0
    # Memory and rates are told in powers of 1024.
    power = 1024.0 ** math.floor(math.log(largest, 1024)) if unit in ("MiB", "KiB/s") else 1.0
    scaled = largest / power
    digit = 10.0 ** math.floor(math.log10(scaled))
    step = next(each for each in (1, 2, 4, 5, 8, 10) if each * digit >= scaled * 0.999)
    top = step * digit * power
    return min(top, 100.0) if unit == "percent" and largest <= 100 else top


def told_text(frame: TimeFrame, told_by: str, read_at: float) -> str:
    every = _STEP_WORDS.get(round(frame_facts(frame).step_s), "")
    clock = time.strftime("%H:%M:%S", time.localtime(read_at))
    return f"One figure every {every}, told by {told_by or 'the cluster'} at {clock}."


def history_csv(history: PerformanceHistory) -> str:
    """A row a figure: UTC, so that it means the same everywhere; empty where none was recorded."""
    rows = [
        (series.title, series.unit, _utc(at), "" if value is None else f"{value:.6g}")
        for series in history.series
        for at, value in zip(series.times, series.values, strict=False)
    ]
    return csv_text(("Figure", "Unit", "Time (UTC)", "Value"), rows)


def _utc(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))
