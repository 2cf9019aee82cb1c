"""A timeline up to the moment that is looked at: what came later had not happened yet."""

from collections.abc import Callable

from console.ui.bridge import ChangesRead, OnChanges


class UntilThen:
    """``read`` reads changes; ``until`` tells the moment (wall-clock seconds)."""

    def __init__(
        self, read: Callable[[str, float, OnChanges], None], until: Callable[[], float]
    ) -> None:
        self._read, self._until = read, until

    def read_changes(self, subject: str, since: float, on_read: OnChanges) -> None:
        """As the bridge does it."""

        def cut(read: ChangesRead) -> None:
            known = tuple(each for each in read.changes if each.at <= self._until())
            on_read(ChangesRead(read.token, known, read.back_to))

        self._read(subject, since, cut)
