"""A plan: which VMs move where and in what order, what that takes, and what stays behind."""

import msgspec

Range = tuple[float, float]  # low and high, seconds from the start of the plan


class PlannedMove(msgspec.Struct, frozen=True, gc=False):
    """One step. Memory in MiB; ``starts_s`` and ``ends_s`` are None where no speed is known."""

    vm_key: str
    vm_name: str
    source: str
    target: str
    reason: str
    memory_mib: int
    target_free_mib: int  # on the target once it has arrived
    survives_node_loss: bool | None  # of the nodes that remain, once it has arrived
    starts_s: Range | None = None
    ends_s: Range | None = None
    notes: tuple[str, ...] = ()


class StaysBehind(msgspec.Struct, frozen=True, gc=False):
    """A VM that the plan cannot move, why, and what would help."""

    vm_key: str
    vm_name: str
    why: str
    fix: str


class DrainPlan(msgspec.Struct, frozen=True):
    """How a node would be emptied. Nothing has been done yet."""

    node: str
    made_at: float
    moves: tuple[PlannedMove, ...] = ()
    stays: tuple[StaysBehind, ...] = ()
    refusal: str = ""  # why no plan can be made at all

    @property
    def finish_s(self) -> Range | None:
        """When the last move would have ended; None if no speed is known or nothing moves."""
        ends = [move.ends_s for move in self.moves]
        known = [end for end in ends if end is not None]
        if not known or len(known) < len(ends):
            return None
        return max(low for low, _ in known), max(high for _, high in known)

    @property
    def reserve_lost_at(self) -> int | None:
        """The step (1 is the first) from which the rest could not bear the loss of a node."""
        for number, move in enumerate(self.moves, start=1):
            if move.survives_node_loss is False:
                return number
        return None
