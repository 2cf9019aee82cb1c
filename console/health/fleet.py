"""Why a VM of a fleet is red, from what Azure alone tells of it.

The cluster's own word is read only while somebody looks at the cluster, so everything here rests on
Azure: it can lag half an hour, and it sees no heartbeat and no storage.
"""

import functools
from typing import NamedTuple

from console.health.chain import health_of
from console.health.levels import Health, HealthLevel, Kind, Owner, Reason
from console.model.fleet import UNREADABLE, FleetCluster

LEVELS: tuple[HealthLevel, ...] = tuple(HealthLevel)
_PLACE = {level: place for place, level in enumerate(LEVELS)}
# What Azure says while it hears from a cluster; nothing said is no complaint.
_IN_CONTACT = ("", "Connected")
# A cluster's clock this far ahead of ours: its times mean nothing.
_CLOCK_OFF_S = 600.0
_OFF = ("Stopped", "Saved")
_RUNS = "Healthy as far as Azure tells: it runs. Its cluster was not asked."
_BEING_MADE = ("Accepted", "InProgress")
_SILENT_AGENT = ("Disconnected", "Expired", "Error")


class FleetWords(NamedTuple):
    """What a level rests on: columns of the fleet, and Azure's contact with the VM's cluster."""

    power: str
    provisioning: str
    security: str
    secure_boot: str
    vtpm: str
    agent: str
    error: str
    doubt: str
    contact: str


@functools.lru_cache(maxsize=65536)
def fleet_level(words: FleetWords) -> int:
    """Place in ``LEVELS``; few combinations exist, so each is worked out once."""
    return _PLACE[health_of(_reasons("It", words, None), _calm(words)).level]


def explain_fleet_vm(name: str, words: FleetWords, read_at: float | None) -> Health:
    """The reasons behind ``fleet_level``, in words, dated by Azure's reading."""
    says = "Azure says it is off." if words.power in _OFF else _RUNS
    return health_of(_reasons(name, words, read_at), _calm(words), says)


def cluster_notes(cluster: FleetCluster, now: float) -> tuple[str, ...]:
    """What is wrong with a cluster as a whole: not heard of, or with a clock of its own."""
    notes = []
    if cluster.contact not in _IN_CONTACT:
        notes.append(f"Azure does not hear from it ({cluster.contact}).")
    if cluster.synced_at is not None and cluster.synced_at > now + _CLOCK_OFF_S:
        hours = (cluster.synced_at - now) / 3600
        notes.append(f"Its clock runs {hours:.0f} h ahead of this computer's: its times mislead.")
    return tuple(notes)


def _calm(words: FleetWords) -> HealthLevel:
    return HealthLevel.OFF if words.power in _OFF else HealthLevel.HEALTHY


def _reasons(name: str, words: FleetWords, at: float | None) -> list[Reason]:
    if words.doubt == UNREADABLE:
        text = f"What Azure last said of {name} could not be read."
        remedy = "Open its cluster to ask the cluster itself."
        return [Reason(HealthLevel.UNKNOWN, text, remedy=remedy, read_at=at)]
    found = [*_of_azure_work(name, words, at), *_of_power(name, words, at)]
    found += _of_security(name, words, at)
    if words.contact not in _IN_CONTACT:
        found.append(
            _reason(
                name,
                at,
                Kind.CLUSTER_SILENT,
                HealthLevel.UNKNOWN,
                "Azure does not hear from its cluster, so all this may have changed.",
                f"Cluster: {words.contact}",
                "Look at the cluster's way to the internet; open it to ask it directly.",
                Owner.NETWORK,
            )
        )
    return found


def _reason(
    name: str,
    at: float | None,
    kind: Kind,
    level: HealthLevel,
    text: str,
    evidence: str = "",
    remedy: str = "",
    owner: Owner = Owner.NOBODY,
) -> Reason:
    about = f"vm:{name}"
    return Reason(level, text, evidence, remedy, at, kind=kind, about=about, owner=owner)


def _of_azure_work(name: str, words: FleetWords, at: float | None) -> list[Reason]:
    tell = functools.partial(_reason, name, at)
    if words.provisioning == "Failed":
        return [
            tell(
                Kind.AZURE_FAILED,
                HealthLevel.CRITICAL,
                f"Azure's last work on {name} failed.",
                words.error,
                "Read the reason; for a failed creation, clean up and create it again.",
                Owner.AZURE,
            )
        ]
    if words.provisioning in _BEING_MADE:
        return [tell(Kind.BEING_MADE, HealthLevel.UNKNOWN, f"{name} is being made or changed.")]
    if words.error:
        text = f"Azure reports an error of {name}."
        return [tell(Kind.OTHER, HealthLevel.ATTENTION, text, words.error, owner=Owner.AZURE)]
    return []


def _of_power(name: str, words: FleetWords, at: float | None) -> list[Reason]:
    tell = functools.partial(_reason, name, at)
    if words.power == "Critical":
        text = f"{name} stands still: Azure says critical."
        return [tell(Kind.STANDS_STILL, HealthLevel.CRITICAL, text, owner=Owner.STORAGE)]
    if words.power in ("Unknown", "") and words.provisioning not in _BEING_MADE:
        text = f"The state of {name} is not known."
        return [tell(Kind.POWER_NOT_KNOWN, HealthLevel.UNKNOWN, text)]
    if words.power == "Paused":
        return [
            tell(
                Kind.OTHER,
                HealthLevel.ATTENTION,
                f"{name} is paused: it holds memory and answers nobody.",
                remedy="Open its cluster to see whether its storage holds it; else resume it.",
                owner=Owner.CLUSTER,
            )
        ]
    if words.power == "Running" and words.agent in _SILENT_AGENT:
        return [
            tell(
                Kind.AGENT_DISCONNECTED,
                HealthLevel.ATTENTION,
                f"{name} runs, but its agent does not report to Azure.",
                f"Arc agent: {words.agent}",
                "Look whether its guest reaches Azure; open its cluster for its heartbeat.",
                Owner.GUEST,
            )
        ]
    return []


def _of_security(name: str, words: FleetWords, at: float | None) -> list[Reason]:
    if words.security != "TrustedLaunch" or "Off" not in (words.secure_boot, words.vtpm):
        return []
    pairs = (("Secure Boot", words.secure_boot), ("vTPM", words.vtpm))
    off = " and ".join(word for word, on in pairs if on == "Off")
    return [
        Reason(
            HealthLevel.ATTENTION,
            f"{name} is a Trusted launch VM with {off} off.",
            remedy="Find out who switched it off, and when.",
            read_at=at,
            kind=Kind.PROTECTION_OFF,
            about=f"vm:{name}",
            owner=Owner.AZURE,
        )
    ]
