"""Resource Graph's rows about a fleet, decoded into the model's words: needed fields only."""

import datetime
from collections.abc import Sequence
from typing import Any

import msgspec

from console.backends.azure_local.arm_rows import Row
from console.backends.azure_local.translate import (
    AZURE_POWER,
    AZURE_SECURITY,
    PROVISIONING,
    WordReader,
)
from console.backends.fleet import FleetRow
from console.model.fleet import FleetCluster

_OWNER = "owner"
_SWITCH = {True: "On", False: "Off", None: ""}


class GraphFleetVm(Row):
    id: str
    name: str
    resource_group: str = ""
    tags: dict[str, str] | None = None
    agent: str | None = None
    cluster: str | None = None
    location: str | None = None
    power: str | None = None
    provisioning: str | None = None
    error: str | None = None
    security: str | None = None
    secure_boot: bool | None = None
    vtpm: bool | None = None
    node: str | None = None
    vm_id: str | None = None
    user: str | None = None
    os: str | None = None
    processors: int | None = None
    memory: int | None = None
    address: str | None = None


class _IdOnly(Row):
    id: str


class _NodeName(Row):
    name: str | None = None


class GraphFleetCluster(Row):
    id: str
    name: str
    resource_group: str = ""
    subscription_id: str = ""
    contact: str | None = None
    synced: str | None = None
    version: str | None = None
    nodes: list[_NodeName] | None = None


class GraphSubscription(Row):
    name: str
    subscription_id: str


_VM = msgspec.json.Decoder(GraphFleetVm)
_ID = msgspec.json.Decoder(_IdOnly)
_ROWS = msgspec.json.Decoder(list[msgspec.Raw])
_UNREADABLE = (msgspec.MsgspecError, RecursionError, ValueError)


class GraphPage:
    """A page of ``fleet_vms``. Rows are kept raw until somebody asks for one."""

    def __init__(self, data: msgspec.Raw, subscription: str, words: WordReader) -> None:
        """Raises msgspec.MsgspecError or ValueError if it is no list."""
        self._raws = [bytes(raw) for raw in _ROWS.decode(data)]
        self._subscription = subscription
        self._words = words
        self.fingerprints: Sequence[int] = [hash(raw) for raw in self._raws]

    def row(self, at: int) -> FleetRow | None:
        raw = self._raws[at]
        try:
            return self._told(_VM.decode(raw))
        except _UNREADABLE:
            pass
        try:
            key = _ID.decode(raw).id.lower()
        except _UNREADABLE:
            return None
        parts = key.split("/")
        group = parts[4] if len(parts) > 4 else ""
        return FleetRow(key, parts[-1], self._subscription, group, is_unreadable=True)

    def _told(self, vm: GraphFleetVm) -> FleetRow:
        words = self._words
        tags = vm.tags or {}
        has_instance = bool(vm.provisioning or vm.power)
        security = words.read(AZURE_SECURITY, vm.security or "Standard", vm.name)
        return FleetRow(
            key=vm.id.lower(),
            name=vm.name,
            subscription=self._subscription,
            group=vm.resource_group.lower(),
            address=vm.address or "",
            vm_id=(vm.vm_id or "").strip("{}").lower(),
            cluster=(vm.cluster or "").lower(),
            location=(vm.location or "").lower(),
            node=vm.node or "",
            power=str(words.read(AZURE_POWER, vm.power, vm.name)),
            provisioning=str(words.read(PROVISIONING, vm.provisioning, vm.name)),
            # Without an instance nothing is known; an instance without a type is a standard VM.
            security=str(security) if has_instance else "Unknown",
            secure_boot=_SWITCH[vm.secure_boot],
            vtpm=_SWITCH[vm.vtpm],
            agent=vm.agent or "",
            error=vm.error or "",
            owner=next((value for name, value in tags.items() if name.lower() == _OWNER), ""),
            tags="; ".join(f"{name}={value}" for name, value in tags.items()),
            user=vm.user or "",
            os=vm.os or "",
            processors=vm.processors,
            memory_mib=vm.memory,
        )


def clusters(data: msgspec.Raw) -> list[FleetCluster]:
    """Raises msgspec.MsgspecError or ValueError."""
    return [_cluster(row) for row in msgspec.json.decode(data, type=list[GraphFleetCluster])]


def subscriptions(data: msgspec.Raw) -> list[tuple[str, str]]:
    """Id and name. Raises msgspec.MsgspecError or ValueError."""
    rows = msgspec.json.decode(data, type=list[GraphSubscription])
    return [(row.subscription_id.lower(), row.name) for row in rows]


def _cluster(row: GraphFleetCluster) -> FleetCluster:
    return FleetCluster(
        arm_id=row.id.lower(),
        name=row.name,
        subscription=row.subscription_id.lower(),
        group=row.resource_group.lower(),
        contact=row.contact or "",
        synced_at=_moment(row.synced or ""),
        nodes=tuple(node.name for node in row.nodes or () if node.name),
        version=row.version or "",
    )


def _moment(text: str) -> float | None:
    """ARM's time to the tenth of a microsecond; Python reads six digits."""
    if not text:
        return None
    head, _, tail = text.rstrip("Z").partition(".")
    try:
        told: Any = datetime.datetime.fromisoformat(f"{head}.{tail[:6]:0<6}+00:00")
    except ValueError:
        return None
    return float(told.timestamp())
