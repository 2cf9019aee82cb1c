"""The words of health: levels, reasons, and how reasons make a level."""

import enum

import msgspec


class HealthLevel(enum.StrEnum):
    """What a tile's colour and shape say."""

    HEALTHY = "Healthy"
    OFF = "Off"
    ATTENTION = "Needs attention"
    UNKNOWN = "Not known"
    CRITICAL = "Critical"


_RANK = {level: rank for rank, level in enumerate(HealthLevel)}


class Reason(msgspec.Struct, frozen=True, gc=False):
    """One link of the chain, a plain sentence; later links are causes of earlier ones."""

    level: HealthLevel
    text: str
    evidence: str = ""
    remedy: str = ""
    read_at: float | None = None


class Health(msgspec.Struct, frozen=True):
    """A level and why. ``sentence`` is what the helpdesk reads first."""

    level: HealthLevel
    reasons: tuple[Reason, ...] = ()

    @property
    def sentence(self) -> str:
        if self.reasons:
            return self.reasons[0].text
        return {HealthLevel.HEALTHY: "Healthy: running and its guest answers."}.get(
            self.level, str(self.level)
        )


def health_of(reasons: list[Reason], calm: HealthLevel = HealthLevel.HEALTHY) -> Health:
    """The worst reason decides; without one it is ``calm``. Worst first, causes after symptoms."""
    worst = max((reason.level for reason in reasons), key=_RANK.__getitem__, default=calm)
    if _RANK[worst] < _RANK[calm]:
        worst = calm
    # sorted() is stable: within a level symptom stays before cause.
    ordered = sorted(reasons, key=lambda reason: -_RANK[reason.level])
    return Health(worst, tuple(ordered))
