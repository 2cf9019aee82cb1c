"""The words of health: levels, reasons with their evidence, and what a chain of them comes to."""

import enum

import msgspec


class HealthLevel(enum.StrEnum):
    """What a tile's colour and shape say."""

    HEALTHY = "Healthy"
    OFF = "Off"
    ATTENTION = "Needs attention"
    UNKNOWN = "Not known"
    CRITICAL = "Critical"


RANK = {level: rank for rank, level in enumerate(HealthLevel)}


class Confidence(enum.StrEnum):
    """How sure a reason is, and as the cause of what stands before it."""

    CERTAIN = "certain"  # a plane says so
    LIKELY = "likely"  # concluded from what planes say
    POSSIBLE = "possible"


class Owner(enum.StrEnum):
    """Who can put it right."""

    NOBODY = ""
    GUEST = "whoever runs the system inside the VM"
    CLUSTER = "the cluster's operators"
    STORAGE = "whoever looks after the cluster's storage"
    NETWORK = "whoever looks after the cluster's network"
    AZURE = "the Azure administrators"
    CONSOLE = "whoever looks after this console's connections"


class Kind(enum.StrEnum):
    """What was observed. ``console.health.chain`` tells which of them explains which."""

    GUEST_SILENT = "guest does not answer"
    GUEST_STARTING = "guest does not answer yet"
    GUEST_NOT_KNOWN = "guest not known"
    APPLICATION_CRITICAL = "application critical"
    STANDS_STILL = "stands still"
    POWER_NOT_KNOWN = "power not known"
    BETWEEN_STATES = "between two states"
    NOT_ONLINE = "cluster group not online"
    VOLUME_OFFLINE = "volume offline"
    VOLUME_UNREACHABLE = "volume unreachable"
    VOLUME_FULL = "volume full"
    VOLUME_LOW = "volume nearly full"
    VOLUME_SLOW = "volume reached over the network"
    VOLUME_NOT_KNOWN = "volume not known"
    STORAGE_NETWORK_LOST = "storage network lost"
    STORAGE_LINK_LOST = "storage link lost"
    NODE_LOST = "node lost"
    NODE_MAINTENANCE = "node in maintenance"
    NODE_NOT_KNOWN = "node not known"
    NODE_SILENT = "node silent"
    CLUSTER_SILENT = "cluster silent"
    IGVM_AGENT = "IgvmAgent not running"
    MIGRATION_NETWORK = "no migration network"
    KEY_MISSING = "guest state key missing"
    NOT_AS_ASKED = "not Trusted launch as asked"
    PROTECTION_OFF = "Secure Boot or vTPM off"
    AZURE_FAILED = "Azure's work failed"
    AZURE_NO_SPACE = "no space for Azure's work"
    AZURE_TOLD_WHY = "Azure's work failed, and Azure says why"
    AGENT_DISCONNECTED = "Azure agent disconnected"
    BRIDGE_OFFLINE = "resource bridge offline"
    POWER_DISAGREES = "planes disagree on power"
    NODE_DISAGREES = "planes disagree on the node"
    SIZE_DISAGREES = "planes disagree on the size"
    ONLY_IN_AZURE = "only in Azure"
    ONLY_ON_CLUSTER = "only on the cluster"
    BEING_MADE = "being created"
    HEALTH_FAULT = "fault of the Health Service"
    OTHER = "other"


_CAUSE = {
    Confidence.CERTAIN: "The cause",
    Confidence.LIKELY: "The likely cause",
    Confidence.POSSIBLE: "A possible cause",
}


class Reason(msgspec.Struct, frozen=True, gc=False):
    """One link of the chain, a plain sentence; later links are causes of earlier ones.

    ``about`` names what it is true of (``vm:``, ``node:``, ``volume:``, ``cluster:`` and a name),
    so that two VMs with one cause share it. An ``is_background`` reason matters only as a cause.
    """

    level: HealthLevel
    text: str
    evidence: str = ""
    remedy: str = ""
    read_at: float | None = None
    kind: Kind = Kind.OTHER
    about: str = ""
    confidence: Confidence = Confidence.CERTAIN
    owner: Owner = Owner.NOBODY
    is_background: bool = False


Chain = tuple[Reason, ...]


class Health(msgspec.Struct, frozen=True):
    """A level and why: ``chains`` from symptom to cause, the worst first."""

    level: HealthLevel
    chains: tuple[Chain, ...] = ()
    calm: str = ""  # what is said while nothing is wrong

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Every link of every chain, each once."""
        found = {id(reason): reason for chain in self.chains for reason in chain}
        return tuple(found.values())

    @property
    def root(self) -> Reason | None:
        """The cause behind the worst symptom; None if nothing is wrong."""
        return self.chains[0][-1] if self.chains else None

    @property
    def sentence(self) -> str:
        """What the helpdesk reads first: the symptom, and its cause if one was found."""
        # What is only a note does not take the place of "healthy".
        if self.chains and self.chains[0][0].level is not HealthLevel.HEALTHY:
            chain = self.chains[0]
            if len(chain) == 1:
                return chain[0].text
            return f"{chain[0].text} {_CAUSE[chain[-1].confidence]}: {chain[-1].text}"
        return self.calm or str(self.level)
