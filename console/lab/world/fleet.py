"""A fleet around the site: hundreds of clusters that only Azure tells of, worked out when asked.

Nothing is kept for a VM: every fact of it follows from its number, the seed and the time, so that
100,000 of them cost nothing until a page of them is read, and the same question has one answer.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

_MASK = 0xFFFF_FFFF
_FIRST_SUBSCRIPTION = "2ab00000-0000-4000-8000-0000000000"
_WARDS = ("Berlin", "Bremen", "Dresden", "Essen", "Hamburg", "Kiel", "Leipzig", "Mainz", "Ulm")
# In the order of their names, so that VMs of a cluster ascend by name.
_ROLES = (
    ("app", 24, "erp"),
    ("avd", 26, "desktops"),
    ("ci", 8, "build"),
    ("dc", 3, "identity"),
    ("file", 7, "files"),
    ("mon", 5, "operations"),
    ("sql", 10, "data"),
    ("web", 17, "shop"),
)
_SHARES = tuple(sum(share for _, share, _ in _ROLES[: at + 1]) for at in range(len(_ROLES)))
_CHURN_S = 60.0


@dataclass(frozen=True)
class FleetSubscription:
    """``clusters``: numbers of its clusters."""

    id: str
    name: str
    clusters: range


class Fleet:
    """``clusters`` generated ones with ``vms`` between them, in ``subscriptions``.

    A further subscription of ``denied`` clusters exists that this account may not read. Changes
    (``set_power``) hold until they are changed again; beside them one VM in two thousand is on or
    off for a minute.
    """

    def __init__(
        self, seed: int, vms: int, clusters: int, subscriptions: int = 9, denied: int = 4
    ) -> None:
        self.seed = seed
        self._power: dict[int, str] = {}
        self._disconnected = {at for at in range(clusters) if at % 97 == 13}
        self._ahead: set[int] = set()  # clusters whose clock runs a day ahead
        sizes = _sizes(seed, vms, clusters) + [60] * denied
        self._starts = [0]
        for size in sizes:
            self._starts.append(self._starts[-1] + size)
        cuts = [round(clusters * at / subscriptions) for at in range(subscriptions + 1)]
        self.subscriptions = [
            FleetSubscription(
                f"{_FIRST_SUBSCRIPTION}{at + 1:02d}",
                f"Sites {_WARDS[at % len(_WARDS)]}",
                range(cuts[at], cuts[at + 1]),
            )
            for at in range(subscriptions)
        ]
        self.denied = FleetSubscription(
            f"{_FIRST_SUBSCRIPTION}{subscriptions + 1:02d}",
            "Sites of the subsidiary",
            range(clusters, clusters + denied),
        )

    def subscription(self, subscription_id: str) -> FleetSubscription | None:
        wanted = subscription_id.lower()
        return next((one for one in (*self.subscriptions, self.denied) if one.id == wanted), None)

    def vms_of(self, subscription: FleetSubscription) -> range:
        """Numbers of its VMs, ascending by ARM id."""
        clusters = subscription.clusters
        return range(self._starts[clusters.start], self._starts[clusters.stop])

    # -- what somebody elsewhere does ------------------------------------------------------------
    def set_power(self, first: int, count: int, power: str) -> None:
        """These VMs are in this state from now on (Azure's word)."""
        self._power.update(dict.fromkeys(range(first, first + count), power))

    def disconnect(self, cluster: int, on: bool = True) -> None:
        """Azure hears no more of this cluster."""
        (self._disconnected.add if on else self._disconnected.discard)(cluster)

    def clock_ahead(self, cluster: int, on: bool = True) -> None:
        """The cluster's clock runs a day ahead."""
        (self._ahead.add if on else self._ahead.discard)(cluster)

    # -- what Azure tells ------------------------------------------------------------------------
    def cluster_row(self, at: int, subscription: str, now: float) -> dict[str, Any]:
        is_silent = at in self._disconnected
        synced = datetime.fromtimestamp(now, UTC) - timedelta(seconds=90 + self._hash(at, 5) % 600)
        if is_silent:
            synced -= timedelta(hours=7)
        if at in self._ahead:
            synced += timedelta(days=1)
        return {
            "id": f"{_group_id(subscription, at)}/providers/Microsoft.AzureStackHCI/clusters/"
            f"{_site(at)}",
            "name": _site(at),
            "resourceGroup": f"rg-{_site(at)}",
            "subscriptionId": subscription,
            "contact": "Disconnected" if is_silent else "Connected",
            "synced": synced.strftime("%Y-%m-%dT%H:%M:%S.0000000Z"),
            "version": "10.0.26100.4652",
            "nodes": [{"name": name} for name in self._nodes(at)],
        }

    def vm_row(self, number: int, subscription: str, now: float) -> dict[str, Any]:
        """One row of the query ``fleet_vms``."""
        at = bisect_right(self._starts, number) - 1
        place, size = number - self._starts[at], self._starts[at + 1] - self._starts[at]
        role, _share, owner = _ROLES[bisect_right(_SHARES, place * 100 // size)]
        name = f"{role}-{at:03d}-{place:03d}"
        dice = self._hash(number, 1)
        group = _group_id(subscription, at)
        has_failed = dice % 800 == 17
        is_trusted = self._hash(number, 2) % 100 < 88
        nodes = self._nodes(at)
        power = self._power_of(number, dice, now)
        return {
            "id": f"{group}/providers/Microsoft.HybridCompute/machines/{name}",
            "name": name,
            "resourceGroup": f"rg-{_site(at)}",
            "tags": {"owner": owner, "ring": str(dice % 4)},
            "agent": "Disconnected" if power == "Running" and dice % 250 == 3 else "Connected",
            "cluster": f"{group}/providers/Microsoft.AzureStackHCI/clusters/{_site(at)}".lower(),
            "location": f"{group}/providers/Microsoft.ExtendedLocation/customLocations/"
            f"{_site(at)}-cl".lower(),
            "power": power,
            "provisioning": "Failed" if has_failed else "Succeeded",
            "error": "MocVmCreationFailed" if has_failed else "",
            "security": "TrustedLaunch" if is_trusted else "",
            "secureBoot": (dice % 1200 != 9) if is_trusted else None,
            "vtpm": True if is_trusted else None,
            "node": nodes[self._hash(number, 3) % len(nodes)],
            "vmId": f"{dice:08x}-{number & 0xFFFF:04x}-4{at & 0xFFF:03x}-8000-"
            f"{self._hash(number, 4):08x}{number & 0xFFFF:04x}",
            "user": f"adm-{owner}",
            "os": "Linux" if role in ("ci", "web") else "Windows",
            "processors": 2 << (dice % 3),
            "memory": 4096 << (dice % 4),
            "address": f"10.{at & 0xFF}.{(at >> 8) * 64 + place // 200}.{place % 200 + 20}",
        }

    def _power_of(self, number: int, dice: int, now: float) -> str:
        told = self._power.get(number)
        if told is not None:
            return told
        base = "Stopped" if dice % 100 < 6 else "Running"
        minute = int(now / _CHURN_S)
        if self._hash(number ^ minute * 7919, 6) % 2000 == 0:
            return "Stopped" if base == "Running" else "Running"
        return "Paused" if dice % 900 == 5 else base

    def _nodes(self, at: int) -> list[str]:
        count = 2 + self._hash(at, 7) % 7
        return [f"{_site(at).upper()}-N{number}" for number in range(1, count + 1)]

    def _hash(self, number: int, about: int) -> int:
        """32 bits that look like chance (a mixing step of murmur3)."""
        mixed = (number * 2654435761 + about * 374761393 + self.seed * 668265263) & _MASK
        mixed ^= mixed >> 16
        mixed = (mixed * 2246822507) & _MASK
        mixed ^= mixed >> 13
        mixed = (mixed * 3266489909) & _MASK
        return mixed ^ (mixed >> 16)


def _sizes(seed: int, vms: int, clusters: int) -> list[int]:
    """Uneven cluster sizes, from half to one and a half times the mean, that add up."""
    mean = vms // clusters
    sizes = [mean // 2 + (at * 7919 + seed * 104729) % (mean + 1) for at in range(clusters)]
    left = vms - sum(sizes)
    share, rest = divmod(left, clusters)
    return [size + share + (1 if at < rest else 0) for at, size in enumerate(sizes)]


def _site(at: int) -> str:
    return f"site-{at:03d}"


def _group_id(subscription: str, at: int) -> str:
    return f"/subscriptions/{subscription}/resourceGroups/rg-{_site(at)}"
