"""What is said about a moment of the past: when, how long ago, and whether anybody looked."""

from datetime import datetime

from console.model.fleet_moment import FleetMoment
from console.model.moment import Moment
from console.ui.models.alarm_words import for_how_long

NOTHING_ACTS = "Nothing can be done in the past. Go back to now first."


def moment_text(at: float) -> str:
    """With the day and the clock of this computer: a person in another zone can count."""
    there = datetime.fromtimestamp(at).astimezone()
    return there.strftime("%a %d %b %Y %H:%M:%S %Z")


def band_text(moment: Moment | FleetMoment, cluster: str, now: float) -> str:
    """For the stripe over the window."""
    if moment.snapshot is None:
        return "THE PAST: nothing is stored of that time."
    ago = for_how_long(moment.asked_at, now)
    return (
        f"THE PAST: {cluster} as it was on {moment_text(moment.asked_at)}, {ago} ago. "
        "Nothing can be done here."
    )


def belief_text(moment: Moment | FleetMoment) -> str:
    """How far it can be believed, in one or two sentences."""
    if moment.first is None or moment.last is None:
        return "No past is stored yet: look again in a few minutes."
    if moment.snapshot is None or moment.kept_at is None:
        return f"The stored past begins at {moment_text(moment.first)}."
    if moment.unseen_since is None:
        since = moment_text(moment.kept_at)
        return f"It had been like this since {since}. {_left_out(moment)}"
    left_out = f" {_left_out(moment)}" if isinstance(moment, FleetMoment) and moment.unread else ""
    seen = f"No console looked from {moment_text(moment.unseen_since)}"
    until = "" if moment.unseen_until is None else f" to {moment_text(moment.unseen_until)}"
    return (
        f"{seen}{until}. This is what was seen last: what happened meanwhile is not known."
        f"{left_out}"
    )


def _left_out(moment: Moment | FleetMoment) -> str:
    if not isinstance(moment, FleetMoment):
        return "Figures such as CPU and free memory are not kept."
    if not moment.unread:
        return "It is Azure's word only: open a cluster for its own past."
    names = ", ".join(moment.unread[:3]) + (" and more" if len(moment.unread) > 3 else "")
    return f"Left out, because no console had read it by then: {names}."
