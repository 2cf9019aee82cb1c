"""What a cluster remembers of a VM's or a node's figures over a time."""

import enum

import msgspec


class TimeFrame(enum.StrEnum):
    """How far back; the coarser, the further (resources/performance_history.toml)."""

    HOUR = "LastHour"
    DAY = "LastDay"
    WEEK = "LastWeek"
    MONTH = "LastMonth"
    YEAR = "LastYear"


class FigureSeries(msgspec.Struct, frozen=True, gc=False):
    """One figure, the oldest first. ``values`` in ``unit``; None: recorded without a value.

    Where nothing was recorded there is no entry: two entries further apart than twice the frame's
    step have a gap between them.
    """

    name: str
    title: str
    unit: str
    times: tuple[float, ...]
    values: tuple[float | None, ...]
    note: str = ""


class PerformanceHistory(msgspec.Struct, frozen=True):
    """Of one subject (``vm:`` and a key, ``node:`` and a name). ``read_at``: by our clock."""

    subject: str
    frame: TimeFrame
    series: tuple[FigureSeries, ...]
    read_at: float
    told_by: str = ""  # the node that answered
