"""Which operations the drawer lists: text, state, kind, who and when; no widgets."""

import enum

import msgspec

from console.model.foreign_move import ForeignMove, ForeignMoveState
from console.model.operation import GroupRecord, OperationRecord, OperationState
from console.model.request import kind_of


class Bucket(enum.StrEnum):
    """A state chip; each operation is in exactly one."""

    RUNNING = "Running"
    WAITING = "Waiting"
    FAILED = "Failed"
    UNKNOWN = "Unknown"
    DONE = "Done"
    CANCELED = "Cancelled"


_S = OperationState
_BUCKETS = {
    _S.QUEUED: Bucket.WAITING,
    _S.CHECKING: Bucket.WAITING,
    _S.RUNNING: Bucket.RUNNING,
    _S.VERIFYING: Bucket.RUNNING,
    _S.FAILED: Bucket.FAILED,
    _S.BLOCKED: Bucket.FAILED,
    _S.UNKNOWN: Bucket.UNKNOWN,
    _S.SUCCEEDED: Bucket.DONE,
    _S.CANCELED: Bucket.CANCELED,
}
# Ended without arriving: that much was seen, so it is not unknown.
_FOREIGN_BUCKETS = {
    ForeignMoveState.MOVING: Bucket.RUNNING,
    ForeignMoveState.ARRIVED: Bucket.DONE,
    ForeignMoveState.NOT_SEEN: Bucket.DONE,
    ForeignMoveState.ENDED: Bucket.FAILED,
}
KINDS = (
    ("", "Every kind"),
    ("live_migrate", "Moves"),
    ("change_power_state", "Power"),
    ("create_virtual_machine", "Creations"),
    ("clean_up_creation", "Clean-ups"),
    ("delete_virtual_machine", "Deletions"),
    ("drain_node", "Drains"),
    ("pause_node", "Pauses"),
    ("resume_node", "Resumes"),
    ("prove_node_empty", "Proofs"),
    ("download_image", "Image downloads"),
)


class Who(enum.StrEnum):
    ALL = "Anyone"
    MINE = "Mine"
    OTHERS = "Others"


class OperationFilter(msgspec.Struct, frozen=True):
    """Empty fields let everything through. ``within_s``: asked for or ended so long ago at most."""

    text: str = ""
    buckets: frozenset[Bucket] = frozenset()
    kind: str = ""
    who: Who = Who.ALL
    within_s: float | None = None

    @property
    def is_empty(self) -> bool:
        return self == _EMPTY

    def takes(self, record: OperationRecord, me: str, now: float) -> bool:
        """Whether kind, person and time let it through; what is not over is always recent."""
        if self.kind and kind_of(record.request) != self.kind:
            return False
        if self.who is not Who.ALL and (record.actor == me) is not (self.who is Who.MINE):
            return False
        if self.within_s is None or not record.is_over:
            return True
        return max(record.ended_at or 0.0, record.created_at) >= now - self.within_s

    def takes_foreign(self, move: ForeignMove, now: float) -> bool:
        if self.kind not in ("", "live_migrate") or self.who is Who.MINE:
            return False
        return self.within_s is None or move.last_seen >= now - self.within_s

    def shows(self, bucket: Bucket) -> bool:
        return not self.buckets or bucket in self.buckets

    def finds(self, hay: str) -> bool:
        """Every word typed is somewhere in ``hay``, which is case-folded."""
        return all(word in hay for word in self.text.casefold().split())


_EMPTY = OperationFilter()


def bucket_of(record: OperationRecord) -> Bucket:
    return _BUCKETS[record.state]


def foreign_bucket_of(move: ForeignMove) -> Bucket:
    return _FOREIGN_BUCKETS[move.state]


def hay_of(record: OperationRecord, group: GroupRecord | None) -> str:
    """What a search looks at, case-folded: names, nodes, actor and ids."""
    request = record.request
    words = [record.title, record.id, record.group_id, record.actor]
    words += [getattr(request, name, "") for name in ("vm_name", "vm_key", "source", "target")]
    words.append(getattr(request, "node", ""))
    spec = getattr(request, "spec", None)
    words += [spec.name, spec.resource_group] if spec is not None else []
    words += [group.title] if group is not None else []
    return "\n".join(words).casefold()


def foreign_hay_of(move: ForeignMove) -> str:
    words = (move.vm_name, move.source, move.target, move.vm_key, "someone else")
    return "\n".join(words).casefold()
