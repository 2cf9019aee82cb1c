"""How well a fleet is read, in one line."""

from collections.abc import Sequence

from console.model.fleet import FleetReading
from console.ui.models.ages import age_text


def readings_text(
    readings: Sequence[FleetReading],
    now: float,
    *,
    is_stored: bool = False,
    is_past: bool = False,
) -> tuple[str, str]:
    """The line, and the theme's colour for it. ``now``: what ages are counted by."""
    whole = len(readings)
    ages = [one.read_at for one in readings if one.read_at is not None]
    oldest = age_text(min(ages, default=None), now)
    faults = sum(bool(one.faults) for one in readings)
    if is_past:
        return f"Azure, at that time: {len(ages)} of {whole} subscriptions had been read", "muted"
    if not readings:
        return "Azure: the fleet was not read yet", "attention"
    if is_stored:
        text, ink = f"As of {oldest}, not read yet", "attention"
    else:
        text = f"Azure: {len(ages)} of {whole} subscriptions read, oldest {oldest}"
        ink = "attention" if any(one.is_stale(now) for one in readings) else "muted"
    return (f"{text} · {faults} with faults", "critical") if faults else (text, ink)
