"""A timeline up to the moment that is looked at: what came later had not happened yet."""

from collections.abc import Callable

from console.ui.bridge import OnChanges


class UntilThen:
    """``read`` reads changes of a span; ``until`` tells the moment (wall-clock seconds)."""

    def __init__(
        self, read: Callable[[str, float, OnChanges, float], None], until: Callable[[], float]
    ) -> None:
        self._read, self._until = read, until

    def read_changes(self, subject: str, since: float, on_read: OnChanges) -> None:
        """As the bridge does it."""
        self._read(subject, since, on_read, self._until())
