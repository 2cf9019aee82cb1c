"""One moment of a fleet's stored past, and how far what is told of it can be believed."""

import msgspec

from console.model.fleet import FleetSnapshot


class FleetMoment(msgspec.Struct, frozen=True):
    """As ``Moment``, of a fleet. ``unread`` names subscriptions that no console had read by then:
    their VMs are left out.
    """

    asked_at: float
    snapshot: FleetSnapshot | None = None
    kept_at: float | None = None
    unseen_since: float | None = None
    unseen_until: float | None = None
    earlier: float | None = None
    later: float | None = None
    first: float | None = None
    last: float | None = None
    unread: tuple[str, ...] = ()
