"""Everything that can be made to go wrong, switchable while the site runs."""

from dataclasses import dataclass, field
from zlib import crc32

from console.lab.world.core import World
from console.lab.world.migrating import Migrations
from console.lab.world.node_life import QUARANTINED, NodeLife


@dataclass
class Switches:
    """Plain switches that rooms and servers look at. The default of each is: nothing is wrong."""

    # -- Azure plane
    arm_down: bool = False  # drop the connection without an answer
    arm_throttle_left: int = 0  # so many requests are answered 429
    arm_retry_after_s: float = 1.0
    arm_status: int | None = None  # answer every request with this status
    arm_delay_s: float = 0.0
    arm_lag_s: float = 0.0  # VM states and host nodes in ARM are up to this old
    status_url_vanishes: bool = False  # 404 on operation status URLs
    foreign_status_url: bool = False  # status URLs name another host
    bridge_offline: bool = False
    # Interface, Disk, or of the instance: Accepted, Placing, DiskCopy, Provisioning, Agent
    creation_fails_phase: str = ""
    creation_fails_share: float = 1.0  # of all VMs, chosen by name
    drop_security_on_create: bool = False
    tags_are_lost: bool = False  # a PUT is taken, its tags are not
    image_download_fails: bool = False
    answer_lost_after_act: int = 0  # so many acting requests are done, their answer never sent
    # ARM actions that the account lacks, as "Microsoft.AzureStackHCI/networkInterfaces/write".
    missing_rights: set[str] = field(default_factory=set)
    permissions_untold: bool = False  # asking for one's own permissions is refused
    # -- Resource Graph over a fleet
    graph_quota: int = 15  # queries in five seconds, as the service grants a user
    graph_denied: set[str] = field(default_factory=set)  # subscriptions that may not be read
    graph_malformed_share: float = 0.0  # of all rows of VMs
    # -- cluster plane
    # Functions that the account's role at the nodes does not have, or that no module has.
    missing_functions: set[str] = field(default_factory=set)
    # Nodes without the module: a pipeline knows the functions only if it brings their shipped text.
    module_is_missing: bool = False
    cluster_rights_untold: bool = False  # no node tells what the account may do
    # -- both
    malformed: set[str] = field(default_factory=set)  # "arm", "cluster"
    unknown_words: bool = False
    wrong_password: bool = False  # neither token nor password is accepted

    def speaks_strangely(self, vm_name: str) -> bool:
        """Whether this VM's state is told in a word that nobody knows (about one in seven)."""
        return self.unknown_words and crc32(vm_name.encode()) % 7 == 0


class Faults(Switches):
    """The switches, and the faults that are acts on the world. Use under the site's lock."""

    def __init__(self, world: World, migrations: Migrations, node_life: NodeLife) -> None:
        super().__init__()
        self._world = world
        self._migrations = migrations
        self._node_life = node_life

    def node_down(self, name: str) -> None:
        self._node_life.down(name)

    def node_up(self, name: str) -> None:
        self._node_life.up(name)

    def freeze_node(self, name: str, on: bool = True) -> None:
        """A frozen node accepts connections and never answers; its VMs go on."""
        self._world.node(name).is_frozen = on

    def slow_node(self, name: str, delay_s: float) -> None:
        self._world.node(name).wsman_delay_s = delay_s

    def quarantine_node(self, name: str) -> None:
        """The cluster shuts the node out: down for it, with the flag that tells why."""
        self._node_life.down(name)
        self._world.node(name).status_flags = QUARANTINED

    def igvm_agent(self, name: str, state: str | None) -> None:
        """``Running``, ``Stopped``, or None for not installed."""
        self._world.node(name).igvm_agent = state

    def slow_link(self, factor: float) -> None:
        self._migrations.set_slow_factor(factor)

    def migration_never_converges(self, vm: str, on: bool = True) -> None:
        """By VM id or name: its memory is written faster than it can be copied."""
        found = next((v for v in self._world.vms.values() if vm in (v.vm_id, v.name)), None)
        key = found.vm_id if found is not None else vm
        (
            self._migrations.never_converging.add
            if on
            else self._migrations.never_converging.discard
        )(key)

    def vm_state(self, vm: str, state: str) -> None:
        """Put a VM into a Hyper-V state (``PausedCritical``), by VM id or name."""
        for known in self._world.vms.values():
            if vm in (known.vm_id, known.name):
                known.state = state

    def heartbeat(self, vm: str, word: str) -> None:
        for known in self._world.vms.values():
            if vm in (known.vm_id, known.name):
                known.heartbeat = word

    def creation_fails_at(self, phase: str, share: float = 1.0) -> None:
        self.creation_fails_phase, self.creation_fails_share = phase, share

    def arm_throttle(self, n_requests: int, retry_after: float = 1.0) -> None:
        self.arm_throttle_left, self.arm_retry_after_s = n_requests, retry_after

    def malformed_json(self, wire: str, on: bool = True) -> None:
        (self.malformed.add if on else self.malformed.discard)(wire)

    def history_off(self, on: bool = True) -> None:
        """The cluster keeps no performance history, and says so."""
        self._world.settings.history_is_off = on

    def missing_function(self, name: str, on: bool = True) -> None:
        (self.missing_functions.add if on else self.missing_functions.discard)(name)

    def apply(self, name: str, args: dict[str, object]) -> None:
        """Set a switch (``{"value": ...}``) or do one of the acts above, by name."""
        if name in Switches.__dataclass_fields__:
            value = args["value"]
            setattr(self, name, set(value) if isinstance(value, list) else value)
        elif name in _ACTS:
            getattr(self, name)(**args)
        else:
            raise ValueError(f"there is no fault {name!r}")
        self._world.revision += 1


_ACTS = frozenset(
    {"node_down", "node_up", "freeze_node", "slow_node", "quarantine_node", "igvm_agent",
     "slow_link", "migration_never_converges", "vm_state", "heartbeat", "creation_fails_at",
     "arm_throttle", "malformed_json", "history_off", "missing_function"}
)  # fmt: skip
