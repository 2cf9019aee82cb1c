"""WIRES. The Backend protocol: what the console needs of the outside, in the model's words.

Every method is a coroutine on the worker's loop and raises only ``BackendError``. Methods that act
send at most once: no retry of a POST or PUT happens below this line (decision 12).
"""

import enum
from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from console.model.freshness import Fault, Wire
from console.model.node import Maintenance, Node
from console.model.operation import DrainProgress, MoveProgress
from console.model.performance import PerformanceHistory, TimeFrame
from console.model.request import (
    DataDiskSpec,
    DomainJoinSpec,
    DownloadImage,
    NetworkInterfaceSpec,
    PowerAction,
    VirtualMachineSpec,
)
from console.model.snapshot import ClusterSnapshot
from console.model.virtual_machine import VirtualMachine


class BackendError(Exception):
    """A wire's failure, in words. ``was_sent`` tells whether the request may have landed."""

    def __init__(self, fault: Fault, *, was_sent: bool = False) -> None:
        super().__init__(fault.summary)
        self.fault = fault
        self.was_sent = was_sent


class JobState(enum.StrEnum):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    GONE = "gone"  # the server no longer knows the job: look at the resource instead


class JobReport(msgspec.Struct, frozen=True, gc=False):
    """One answer about a remote job. ``fraction`` 0..1; ``poll_after_s`` is the server's wish.

    ``news``: what happened since the last answer and is worth a line of its own.
    """

    state: JobState
    phase: str = ""
    fraction: float | None = None
    text: str = ""
    fault: Fault | None = None
    poll_after_s: float | None = None
    move: MoveProgress | None = None
    drain: DrainProgress | None = None
    news: str = ""


class RemoteJob(Protocol):
    """Something long that goes on at the other end."""

    @property
    def token(self) -> str:
        """Versioned JSON that finds the job again after a restart; private data, never a secret."""
        ...

    @property
    def can_cancel(self) -> bool: ...

    async def poll(self) -> JobReport: ...

    async def cancel(self) -> None:
        """Ask the other end to stop; the next polls tell whether it did."""
        ...


class ExistingResource(msgspec.Struct, frozen=True, gc=False):
    """A resource found before it was to be made. ``operation_id`` is our tag, empty if not ours."""

    arm_id: str
    provisioning_state: str
    operation_id: str = ""


class Permission(msgspec.Struct, frozen=True, gc=False):
    """What one role allows: ``*`` stands for anything; ``not_actions`` are its exceptions."""

    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()


class Backend(Protocol):
    """One cluster through both wires."""

    async def read_snapshot(self, wires: frozenset[Wire]) -> ClusterSnapshot:
        """Both wires at once, joined. A wire not in ``wires`` or down keeps its last good half.

        Never raises for a wire that is down: the reading carries the faults.
        """
        ...

    async def read_vm(self, key: str) -> VirtualMachine | None:
        """A fresh look at one VM on both planes (GET and the owner node), None if in neither."""
        ...

    async def read_node(self, name: str) -> Node | None: ...

    async def read_some(self, vm_keys: Sequence[str], nodes: Sequence[str]) -> ClusterSnapshot:
        """The cluster wire's word of now on these VMs, their owners, and these nodes (all if none).

        A VM that was not found is not in it; a node that did not answer has no ``read_at``. Raises
        if no node tells of the cluster. Azure is not asked: its last word stands.
        """
        ...

    async def find_vm_by_name(self, spec: VirtualMachineSpec) -> VirtualMachine | None:
        """Fresh look for the VM that a creation made: by its ARM id, joined with the cluster."""
        ...

    async def read_performance(self, subject: str, frame: TimeFrame) -> PerformanceHistory:
        """What the cluster remembers of a VM (``vm:`` and its key) or a node (``node:``, its name).

        REJECTED if the cluster keeps no history, MISSING_FUNCTION if a node's module is too old.
        """
        ...

    # -- cluster plane -------------------------------------------------------------------------
    async def start_live_migration(
        self, vm_key: str, source: str, target: str, operation_id: str
    ) -> RemoteJob:
        """Compare-and-move on the cluster: refused (CONFLICT) if the owner is not ``source``."""
        ...

    async def find_live_migration(self, vm_key: str) -> RemoteJob | None:
        """The migration of this VM that is running now, whoever started it."""
        ...

    async def start_quick_migration(
        self, vm_key: str, source: str, target: str, operation_id: str
    ) -> RemoteJob:
        """The same by saving and resuming; a VM that is off or saved only changes hands."""
        ...

    async def find_quick_migration(self, vm_key: str, source: str, target: str) -> RemoteJob | None:
        """What looks like one between these nodes now: the cluster does not name it."""
        ...

    async def suspend_node(self, node: str, operation_id: str) -> RemoteJob:
        """Pause and drain. Azure may still place VMs there (``set_azure_placement``)."""
        ...

    async def pause_node(self, node: str, operation_id: str) -> RemoteJob:
        """Pause without a drain: what is there stays."""
        ...

    async def set_azure_placement(self, node: str, is_allowed: bool, operation_id: str) -> None:
        """Whether Azure may place VMs there; done when it returns. Repeating it does no harm."""
        ...

    async def read_maintenance(self, node: str) -> Maintenance | None:
        """What the node still has, told by another node; None if there is no such node."""
        ...

    async def resume_node(self, node: str, failback: bool, operation_id: str) -> RemoteJob: ...

    # -- Azure plane ---------------------------------------------------------------------------
    async def find_resource(self, arm_id: str) -> ExistingResource | None: ...

    async def permissions(self, scope: str) -> tuple[Permission, ...] | None:
        """What this account may do at an ARM id, a role an entry; None: Azure does not tell."""
        ...

    async def create_network_interface(
        self, spec: VirtualMachineSpec, nic: NetworkInterfaceSpec, operation_id: str
    ) -> RemoteJob: ...

    async def create_data_disk(
        self, spec: VirtualMachineSpec, disk: DataDiskSpec, operation_id: str
    ) -> RemoteJob: ...

    async def create_machine(self, spec: VirtualMachineSpec, operation_id: str) -> RemoteJob:
        """The Arc machine (kind HCI) that carries identity and tags."""
        ...

    async def create_vm_instance(
        self, spec: VirtualMachineSpec, secrets: Mapping[str, str], operation_id: str
    ) -> RemoteJob:
        """The Trusted launch instance; ``spec.image_id`` is set. Secrets by ``SecretField``."""
        ...

    async def join_domain(
        self, spec: VirtualMachineSpec, join: DomainJoinSpec, password: str, operation_id: str
    ) -> RemoteJob: ...

    async def download_image(self, request: DownloadImage, operation_id: str) -> RemoteJob: ...

    async def change_power(
        self, vm_key: str, action: PowerAction, operation_id: str
    ) -> RemoteJob: ...

    async def delete_resource(self, arm_id: str, operation_id: str) -> RemoteJob: ...

    async def delete_virtual_machine(self, vm_key: str, operation_id: str) -> RemoteJob:
        """The instance, then the Arc machine."""
        ...

    def resource_ids(self, spec: VirtualMachineSpec) -> dict[str, str]:
        """ARM ids that this creation would make.

        Keys: ``machine``, ``instance``, ``nic:<name>``, ``disk:<name>``.
        """
        ...

    async def resume_job(self, token: str) -> RemoteJob:
        """Find a job again by its token; BackendError(FOREIGN_HOST) if it names another host."""
        ...

    async def close(self) -> None: ...
