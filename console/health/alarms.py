"""Alarms by cause: one lost node is one alarm with its VMs inside, not one alarm a VM."""

from collections.abc import Iterable

import msgspec

from console.health.levels import RANK, Health, HealthLevel, Kind, Reason
from console.health.own_work import OwnWork

_ALARMING = (HealthLevel.ATTENTION, HealthLevel.UNKNOWN, HealthLevel.CRITICAL)
# Told in the inbox of disagreements, or nobody's trouble.
_ELSEWHERE = frozenset(
    {
        Kind.POWER_DISAGREES, Kind.NODE_DISAGREES, Kind.SIZE_DISAGREES, Kind.ONLY_IN_AZURE,
        Kind.ONLY_ON_CLUSTER, Kind.NOT_AS_ASKED, Kind.BEING_MADE,
    }
)  # fmt: skip


class Alarm(msgspec.Struct, frozen=True):
    """One cause. ``vm_keys``: who suffers from it; ``explained``: the work of ours behind it.

    ``health`` is the story of one of those it was seen on, symptoms first.
    """

    id: str
    level: HealthLevel
    title: str
    cause: Reason
    health: Health
    vm_keys: tuple[str, ...] = ()
    explained: str = ""

    @property
    def node(self) -> str:
        """The node it is about; empty if it is about something else."""
        about = self.cause.about
        return about.removeprefix("node:") if about.startswith("node:") else ""


class AlarmGathering:
    """Takes health after health, of VMs and of all else, and groups them by cause."""

    def __init__(self, own: OwnWork) -> None:
        self._own = own
        self._found: dict[str, list[tuple[str, Health, int, str]]] = {}

    def take(self, health: Health, vm_key: str = "") -> None:
        """``vm_key`` is empty for the health of a node, a volume or the cluster."""
        for at, chain in enumerate(health.chains):
            root = chain[-1]
            if chain[0].level not in _ALARMING or root.kind in _ELSEWHERE:
                continue
            # A VM that is itself the cause shares an alarm with others of its kind.
            about = "vm" if root.about.startswith("vm:") else root.about
            explained = self._own.explains(vm_key, chain)
            name = f"{root.kind.name}|{about}" + ("|ours" if explained else "")
            self._found.setdefault(name, []).append((vm_key, health, at, explained))

    def alarms(self) -> tuple[Alarm, ...]:
        """The worst first, then those with most VMs."""
        found = [_alarm(name, seen) for name, seen in self._found.items()]
        found.sort(key=lambda alarm: (-RANK[alarm.level], -len(alarm.vm_keys), alarm.title))
        return tuple(found)


def _alarm(name: str, seen: list[tuple[str, Health, int, str]]) -> Alarm:
    keys = tuple(dict.fromkeys(key for key, *_ in seen if key))
    # The story of whoever suffers tells more than that of the cause alone.
    _key, health, at, explained = max(seen, key=lambda each: len(each[1].chains[each[2]]))
    chain = health.chains[at]
    roots = [health.chains[at][-1] for _key, health, at, _why in seen]
    heads = [health.chains[at][0] for _key, health, at, _why in seen]
    level = max((reason.level for reason in (*roots, *heads)), key=RANK.__getitem__)
    root = max(roots, key=lambda reason: RANK[reason.level])
    title = root.text
    if root.about.startswith("vm:") and len(keys) > 1:
        title = f"{len(keys)} VMs: {root.kind}"
    story = Health(level, (chain,))
    return Alarm(name, level, title, root, story, keys, explained)


def alarms_of(
    vms: Iterable[tuple[str, Health]], others: Iterable[Health], own: OwnWork
) -> tuple[Alarm, ...]:
    """All at once, for what is small enough."""
    gathering = AlarmGathering(own)
    for key, health in vms:
        gathering.take(health, key)
    for health in others:
        gathering.take(health)
    return gathering.alarms()
