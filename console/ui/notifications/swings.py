"""Causes that come and go: told as such once, and once more when they are calm. No Qt, no I/O."""

import time

import msgspec

from console.health.levels import HealthLevel

# The same cause again within this time is the same trouble.
AGAIN_S = 1800.0
# So often within that time it comes and goes; from then on only its calm is told.
OFTEN = 3
_MOST = 12


class Swing(msgspec.Struct, frozen=True):
    """One cause. ``began``: when it appeared, the newest last; ``last``: its last change.

    ``is_there``: it stands, and the person was told so; ``is_flapping``: its changes are not told
    one by one any more.
    """

    title: str
    level: HealthLevel
    began: tuple[float, ...] = ()
    last: float = 0.0
    is_there: bool = True
    is_flapping: bool = False

    @property
    def count_words(self) -> str:
        minutes = max((self.last - self.began[0]) / 60, 1.0)
        return f"{len(self.began)} times in {minutes:.0f} min"


def appeared(
    swing: Swing | None, title: str, level: HealthLevel, now: float, *, is_news: bool = True
) -> Swing:
    """It is there. ``is_news`` False: it was there already, and is only told again or is worse."""
    before = swing or Swing(title, level)
    began = tuple(at for at in before.began if 0 <= now - at < AGAIN_S)
    if is_news or not began:
        began = (*began, now)[-_MOST:]
    is_flapping = before.is_flapping or len(began) >= OFTEN
    return Swing(title, level, began, now, True, is_flapping)


def went(swing: Swing, now: float) -> Swing:
    return msgspec.structs.replace(swing, last=now, is_there=False)


def is_calm(swing: Swing, now: float) -> bool:
    """Long enough without a change. A clock that was set back begins the wait anew."""
    return now - swing.last >= AGAIN_S or now < swing.last


def calm_words(swing: Swing) -> tuple[str, str]:
    """Title and text of what is told at the end."""
    clock = time.strftime("%H:%M", time.localtime(swing.last))
    if swing.is_there:
        return swing.title, f"It came and went {swing.count_words} and stands since {clock}."
    return f"Over: {swing.title}", f"It came and went {swing.count_words}; calm since {clock}."
