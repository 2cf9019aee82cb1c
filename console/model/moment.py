"""One moment of a connection's stored past, and how far what is told of it can be believed."""

import msgspec

from console.model.snapshot import ClusterSnapshot


class Moment(msgspec.Struct, frozen=True):
    """All times are wall-clock seconds.

    ``snapshot`` is what was known at ``asked_at``, written down at ``kept_at``; None: nothing that
    old is stored. ``unseen_since`` says that no console looked from then until ``asked_at`` at the
    least, and ``unseen_until`` when one looked again (None: not since). ``earlier`` and ``later``
    are the stored moments beside it, ``first`` and ``last`` the ends of what is stored.
    """

    asked_at: float
    snapshot: ClusterSnapshot | None = None
    kept_at: float | None = None
    unseen_since: float | None = None
    unseen_until: float | None = None
    earlier: float | None = None
    later: float | None = None
    first: float | None = None
    last: float | None = None
