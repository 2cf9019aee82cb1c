"""Wire word -> enum, one table per word list; a word nobody knows becomes UNKNOWN and is told."""

import enum
from collections.abc import Mapping
from typing import Generic, TypeVar

from console.model.freshness import Fault, FaultCode
from console.model.node import DrainStatus, NodeState, ServiceState
from console.model.placement import AffinityKind, BalancingMode
from console.model.site import ImageState
from console.model.storage import LinkState, VolumeAccess, VolumeState
from console.model.virtual_machine import (
    Heartbeat,
    PowerState,
    ProvisioningState,
    SecurityType,
    VmActivity,
)

E = TypeVar("E", bound=enum.StrEnum)

# More than this many different unknown words say nothing new.
MOST_FAULTS = 12


class WordTable(Generic[E]):
    """One list of words. Spelling is exact but for upper and lower case, as PowerShell's is."""

    def __init__(self, title: str, unknown: E, words: Mapping[str, E]) -> None:
        self.title = title
        self.unknown = unknown
        self._words = {word.lower(): meaning for word, meaning in words.items()}

    def find(self, word: str) -> E | None:
        return self._words.get(word.lower())


_P = PowerState
AZURE_POWER = WordTable(
    "Azure power state",
    _P.UNKNOWN,
    {
        "Running": _P.RUNNING,
        "Stopped": _P.STOPPED,
        "Deallocated": _P.STOPPED,
        "Starting": _P.STARTING,
        "Stopping": _P.STOPPING,
        "Deallocating": _P.STOPPING,
        "Paused": _P.PAUSED,
        "Saved": _P.SAVED,
        "Unknown": _P.UNKNOWN,
    },
)
HYPERV_STATE = WordTable(
    "Hyper-V state",
    _P.UNKNOWN,
    {
        "Off": _P.STOPPED,
        "Running": _P.RUNNING,
        "Starting": _P.STARTING,
        "Stopping": _P.STOPPING,
        "Saved": _P.SAVED,
        "Saving": _P.SAVING,
        "FastSaved": _P.SAVED,
        "FastSaving": _P.SAVING,
        "Paused": _P.PAUSED,
        "Pausing": _P.PAUSING,
        "Resuming": _P.RESUMING,
        "Reset": _P.STARTING,
        "Hibernated": _P.SAVED,
        **{
            f"{word}Critical": _P.CRITICAL
            for word in (
                *("Off", "Running", "Starting", "Stopping", "Saved", "Saving", "FastSaved"),
                *("FastSaving", "Paused", "Pausing", "Resuming", "Reset"),
            )
        },
    },
)
_PS = ProvisioningState
PROVISIONING = WordTable(
    "provisioning state",
    _PS.UNKNOWN,
    {
        "Succeeded": _PS.SUCCEEDED,
        "Failed": _PS.FAILED,
        "InProgress": _PS.IN_PROGRESS,
        "Creating": _PS.IN_PROGRESS,
        "Updating": _PS.IN_PROGRESS,
        "Accepted": _PS.ACCEPTED,
        "Deleting": _PS.DELETING,
        "Canceled": _PS.CANCELED,
    },
)
AZURE_SECURITY = WordTable(
    "Azure security type",
    SecurityType.UNKNOWN,
    {
        "TrustedLaunch": SecurityType.TRUSTED_LAUNCH,
        "ConfidentialVM": SecurityType.CONFIDENTIAL,
        "Standard": SecurityType.STANDARD,
    },
)
ISOLATION = WordTable(
    "guest state isolation",
    SecurityType.UNKNOWN,
    {
        "TrustedLaunch": SecurityType.TRUSTED_LAUNCH,
        "SNP": SecurityType.CONFIDENTIAL,
        "TDX": SecurityType.CONFIDENTIAL,
        "VBS": SecurityType.CONFIDENTIAL,
        "Disabled": SecurityType.STANDARD,
        "Default": SecurityType.STANDARD,
    },
)
_H = Heartbeat
HEARTBEAT = WordTable(
    "heartbeat",
    _H.UNKNOWN,
    {
        "OkApplicationsHealthy": _H.OK,
        "OkApplicationsUnknown": _H.OK,
        "Ok": _H.OK,
        "OkApplicationsCritical": _H.APPLICATIONS_CRITICAL,
        "NoContact": _H.NO_CONTACT,
        "LostCommunication": _H.LOST,
        "Disabled": _H.DISABLED,
        "Error": _H.ERROR,
        "Paused": _H.PAUSED,
        "Unknown": _H.UNKNOWN,
    },
)
_A = VmActivity
ACTIVITY = WordTable(
    "operational status",
    _A.OTHER,
    {
        "Ok": _A.NONE,
        "InService": _A.NONE,
        "MigratingVirtualMachine": _A.MIGRATING,
        "BackingUpVirtualMachine": _A.BACKING_UP,
        "CreatingSnapshot": _A.CHECKPOINTING,
        "ApplyingSnapshot": _A.CHECKPOINTING,
        "DeletingSnapshot": _A.CHECKPOINTING,
        "MergingDisks": _A.MERGING_DISKS,
        "WaitingToStart": _A.OTHER,
        "ExportingVirtualMachine": _A.OTHER,
        "Degraded": _A.OTHER,
        "PredictiveFailure": _A.OTHER,
        "Stressed": _A.OTHER,
    },
)
_N = NodeState
NODE_STATE = WordTable(
    "node state",
    _N.UNKNOWN,
    {
        "Up": _N.UP,
        "Down": _N.DOWN,
        "Paused": _N.PAUSED,
        "Joining": _N.JOINING,
        "Unknown": _N.UNKNOWN,
    },
)
DRAIN = WordTable("drain status", DrainStatus.UNKNOWN, {word.value: word for word in DrainStatus})
_SV = ServiceState
SERVICE = WordTable(
    "service state",
    _SV.UNKNOWN,
    {
        "Running": _SV.RUNNING,
        "Stopped": _SV.STOPPED,
        "StopPending": _SV.STOPPED,
        "StartPending": _SV.STOPPED,
        "Paused": _SV.STOPPED,
        "Missing": _SV.MISSING,
        "NotInstalled": _SV.MISSING,
        "Unknown": _SV.UNKNOWN,
    },
)
_V = VolumeState
VOLUME_STATE = WordTable(
    "shared volume state",
    _V.UNKNOWN,
    {
        "Online": _V.ONLINE,
        "Offline": _V.OFFLINE,
        "Failed": _V.FAILED,
        "Inherited": _V.UNKNOWN,
        "Initializing": _V.PENDING,
        "Pending": _V.PENDING,
        "OnlinePending": _V.PENDING,
        "OfflinePending": _V.PENDING,
    },
)
VOLUME_ACCESS = WordTable(
    "way to a shared volume",
    VolumeAccess.UNKNOWN,
    {
        "Direct": VolumeAccess.DIRECT,
        "FileSystemRedirected": VolumeAccess.REDIRECTED,
        "BlockRedirected": VolumeAccess.REDIRECTED,
        "Unavailable": VolumeAccess.UNAVAILABLE,
    },
)
LINK_STATE = WordTable(
    "network interface state", LinkState.UNKNOWN, {word.value: word for word in LinkState}
)
IMAGE_STATE = WordTable(
    "image provisioning state",
    ImageState.UNKNOWN,
    {
        "Succeeded": ImageState.READY,
        "Failed": ImageState.FAILED,
        "Canceled": ImageState.FAILED,
        "InProgress": ImageState.DOWNLOADING,
        "Creating": ImageState.DOWNLOADING,
        "Accepted": ImageState.DOWNLOADING,
    },
)

AFFINITY = WordTable(
    "affinity rule type", AffinityKind.UNKNOWN, {kind.value: kind for kind in AffinityKind}
)
# AutoBalancerMode is a number.
BALANCING = {0: BalancingMode.OFF, 1: BalancingMode.ON_JOIN, 2: BalancingMode.ALWAYS}

# CLUSTER_NODE_STATUS is a bit field (domain.md 4.1).
_ISOLATED, _QUARANTINED, _DRAIN_IN_PROGRESS = 0x1, 0x2, 0x4


class WordReader:
    """Looks words up and remembers the unknown ones for one reading of a wire, made at ``at``."""

    def __init__(self, at: float | None = None) -> None:
        self.at = at
        self._unknown: dict[tuple[str, str], str] = {}
        self._met = 0

    @property
    def count(self) -> int:
        """Unknown words met so far, repeated ones included."""
        return self._met

    def read(self, table: WordTable[E], word: str | None, where: str) -> E:
        """The word's meaning. Nothing said (None, empty) is UNKNOWN and no fault."""
        if not word:
            return table.unknown
        meaning = table.find(word)
        if meaning is None:
            self._met += 1
            self._unknown.setdefault((table.title, word), where)
            return table.unknown
        return meaning

    def node_state(self, word: str | None, flags: int, drain: DrainStatus, node: str) -> NodeState:
        """Cluster state, status flags and drain folded into the word an operator needs."""
        state = self.read(NODE_STATE, word, node)
        if flags & _QUARANTINED:
            return NodeState.QUARANTINED
        if flags & _ISOLATED:
            return NodeState.ISOLATED
        is_draining = drain is DrainStatus.IN_PROGRESS or bool(flags & _DRAIN_IN_PROGRESS)
        if is_draining and state in (NodeState.UP, NodeState.PAUSED):
            return NodeState.DRAINING
        return state

    def faults(self) -> tuple[Fault, ...]:
        """One fault for every unknown word, naming the word, its list and where it stood."""
        return tuple(
            Fault(
                FaultCode.UNKNOWN_WORD,
                summary=f"Unknown {title} “{word[:80]}” on {where}.",
                kept="It is shown as Unknown; everything else was read.",
                remedy="Look whether a newer console knows the word.",
            )
            for (title, word), where in list(self._unknown.items())[:MOST_FAULTS]
        )
