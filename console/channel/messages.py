"""Every message that crosses the pipe, in both directions."""

import enum

import msgspec

from console.channel import chores
from console.model.change import Change
from console.model.connection import ConnectionProfile
from console.model.earlier_moves import EarlierMove
from console.model.finding import Finding, NodeVerdict
from console.model.fleet import FleetCluster, FleetPart, FleetReading
from console.model.foreign_move import ForeignMove
from console.model.freshness import Fault
from console.model.operation import GroupRecord, OperationRecord
from console.model.request import MoveMethod, Request
from console.model.snapshot import ClusterSnapshot, SnapshotDelta


# -- window to worker --------------------------------------------------------------------------
class Open(msgspec.Struct, frozen=True, tag="open"):
    """First message: what to connect to and where state lives.

    ``secrets``: ``arm_token`` (lab only), ``cluster_password``, ``certificate_password``; what is
    not here is looked for in the keyring.
    """

    profile: ConnectionProfile
    state_folder: str
    secrets: dict[str, str] = {}
    actor: str = ""
    is_helpdesk: bool = (
        False  # the worker then refuses what ``console.model.helpdesk`` does not let
    )


class Submit(msgspec.Struct, frozen=True, tag="submit"):
    """Ask for an operation. The id is made by the window, so a repeated message acts once.

    ``after``: ids of operations that must have ended before this one may start: in success, unless
    ``console.model.request.goes_on_after_failure``. They are journalled already or in one group.
    """

    operation_id: str
    request: Request
    group_id: str = ""
    secrets: dict[str, str] = {}
    retry_of: str = ""
    after: tuple[str, ...] = ()


class SubmitGroup(msgspec.Struct, frozen=True, tag="submit_group"):
    """Ask for several operations as one act: all are journalled in one commit, or none.

    A group id that is known already gets these parts added (a retry of what failed); the parts'
    ``group_id`` is this one.
    """

    group_id: str
    title: str
    parts: tuple[Submit, ...]


class CancelGroup(msgspec.Struct, frozen=True, tag="cancel_group"):
    """Ask every operation of the group that is not over to stop."""

    group_id: str


class StopGroup(msgspec.Struct, frozen=True, tag="stop_group"):
    """What of the group has not begun does not begin; what runs goes on to its end."""

    group_id: str


class Cancel(msgspec.Struct, frozen=True, tag="cancel"):
    operation_id: str


class Reorder(msgspec.Struct, frozen=True, tag="reorder"):
    """Put a waiting operation right before another one that waits, or first (``before`` empty)."""

    operation_id: str
    before: str = ""


class Refresh(msgspec.Struct, frozen=True, tag="refresh"):
    pass


class ReadChanges(msgspec.Struct, frozen=True, tag="read_changes"):
    """What changed of a subject (``model.change``; empty: of all) in a span of wall-clock time;
    answered by ``ChangesRead``.
    """

    token: str
    subject: str
    since: float
    until: float
    count: int = 500


class ReadHistory(msgspec.Struct, frozen=True, tag="read_history"):
    """Older operations than those listed at start; answered by ``HistoryRead``.

    ``before`` is what the last listing told as ``back_to``.
    """

    token: str
    before: float
    count: int = 500


class ExportFormat(enum.StrEnum):
    CSV = "csv"
    JSON = "json"


class ExportKind(enum.StrEnum):
    OPERATIONS = "operations"  # of this connection
    AUDIT = "audit"  # the audit log of this user on this computer, all connections


class Export(msgspec.Struct, frozen=True, tag="export"):
    """Write a whole history to a file of the person's choice; answered by ``Exported``.

    ``operation_ids`` limits it to these (what a filter shows); empty: everything there is.
    """

    token: str
    path: str
    kind: ExportKind
    format: ExportFormat
    operation_ids: tuple[str, ...] = ()


class SetAttention(msgspec.Struct, frozen=True, tag="set_attention"):
    """Whether somebody looks: the watcher polls slower when nobody does."""

    is_visible: bool


class CheckRequest(msgspec.Struct, frozen=True, tag="check_request"):
    """Run all checks of a request for real, against both planes; answered by ``Checked``."""

    token: str
    request: Request


class CheckMoves(msgspec.Struct, frozen=True, tag="check_moves"):
    """Judge moving these VMs on what the cluster says now; answered by ``MovesChecked``.

    ``targets`` empty: every node. One that comes later takes this one's place.
    """

    token: str
    vm_keys: tuple[str, ...]
    targets: tuple[str, ...] = ()
    history: dict[str, tuple[EarlierMove, ...]] = {}
    method: MoveMethod = MoveMethod.LIVE


class Ping(msgspec.Struct, frozen=True, tag="ping"):
    number: int


class Close(msgspec.Struct, frozen=True, tag="close"):
    """Finish what is on its way to disk and leave; running operations are resumed at next start."""


ToWorker = (
    Open
    | Submit
    | SubmitGroup
    | Cancel
    | CancelGroup
    | StopGroup
    | Reorder
    | Refresh
    | ReadHistory
    | ReadChanges
    | Export
    | SetAttention
    | CheckRequest
    | CheckMoves
    | Ping
    | Close
    | chores.Ask
)


# -- worker to window --------------------------------------------------------------------------
class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The worker's imports are done and its journal is open."""

    pid: int


class SnapshotReplaced(msgspec.Struct, frozen=True, tag="snapshot_replaced"):
    snapshot: ClusterSnapshot


class SnapshotChanged(msgspec.Struct, frozen=True, tag="snapshot_changed"):
    """``metrics`` of the delta travel packed in ``packed_metrics`` (console/channel/packing)."""

    delta: SnapshotDelta
    packed_metrics: bytes = b""


class OperationChanged(msgspec.Struct, frozen=True, tag="operation_changed"):
    record: OperationRecord


class OperationsListed(msgspec.Struct, frozen=True, tag="operations_listed"):
    """At start: the newest records of the journal and the unfinished ones, newest last.

    Every operation made at ``back_to`` (wall-clock seconds) or later is in it; None: all there are.
    """

    records: tuple[OperationRecord, ...]
    groups: tuple[GroupRecord, ...] = ()
    back_to: float | None = None


class GroupChanged(msgspec.Struct, frozen=True, tag="group_changed"):
    group: GroupRecord


class ChangesRead(msgspec.Struct, frozen=True, tag="changes_read"):
    """``changes``: the newest first. ``back_to``: the oldest moment that is kept; None: nothing."""

    token: str
    changes: tuple[Change, ...]
    back_to: float | None = None


class HistoryRead(msgspec.Struct, frozen=True, tag="history_read"):
    """``records``: newest last. ``back_to``: as in ``OperationsListed``; None: nothing is older."""

    token: str
    records: tuple[OperationRecord, ...]
    groups: tuple[GroupRecord, ...] = ()
    back_to: float | None = None


class Exported(msgspec.Struct, frozen=True, tag="exported"):
    """``rows`` were written to ``path``, or ``fault`` tells why nothing was."""

    token: str
    path: str
    rows: int = 0
    fault: Fault | None = None


class ForeignMovesSeen(msgspec.Struct, frozen=True, tag="foreign_moves_seen"):
    """Moves that this console did not start; always the whole list, newest first."""

    moves: tuple[ForeignMove, ...]


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """A message of the window was not accepted (for example the journal cannot be written)."""

    operation_id: str
    fault: Fault


class Checked(msgspec.Struct, frozen=True, tag="checked"):
    token: str
    findings: tuple[Finding, ...]


class MovesChecked(msgspec.Struct, frozen=True, tag="moves_checked"):
    """A verdict for each target that the cluster still has, judged on readings made at ``at``."""

    token: str
    at: float
    verdicts: tuple[NodeVerdict, ...]


class Notice(msgspec.Struct, frozen=True, tag="notice"):
    """Something to know that belongs to no operation (journal set aside, no keyring)."""

    fault: Fault


class Pong(msgspec.Struct, frozen=True, tag="pong"):
    number: int


class FleetChanged(msgspec.Struct, frozen=True, tag="fleet_changed"):
    """Some VMs of the fleet, packed as columns (console/model/fleet)."""

    part: FleetPart


class FleetTold(msgspec.Struct, frozen=True, tag="fleet_told"):
    """How well the fleet's subscriptions are read; ``clusters`` None: as they were."""

    clusters: tuple[FleetCluster, ...] | None
    readings: tuple[FleetReading, ...]


ToWindow = (
    Ready
    | SnapshotReplaced
    | SnapshotChanged
    | OperationChanged
    | OperationsListed
    | GroupChanged
    | HistoryRead
    | ChangesRead
    | Exported
    | ForeignMovesSeen
    | Refused
    | Checked
    | MovesChecked
    | Notice
    | FleetChanged
    | FleetTold
    | Pong
    | chores.Answer
    | chores.SignInWanted
)
