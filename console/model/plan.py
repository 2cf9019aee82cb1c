"""A plan: which VMs shall move where, how and in what order. It is what somebody wants, and holds
nothing of what would come of it: that is worked out anew whenever it is looked at
(``console.model.outlook``), so that no old promise is ever shown.
"""

import enum

import msgspec

Range = tuple[float, float]  # low and high


class PlanKind(enum.StrEnum):
    """What a plan is for. ``DRAIN`` and ``RETURN`` speak of one node."""

    DRAIN = "drain"
    RETURN = "return"
    REBALANCE = "rebalance"
    ARRANGED = "arranged"  # made by dragging in planning mode


class Method(enum.StrEnum):
    """How a VM is brought to its new node."""

    LIVE = "live"
    QUICK = "quick"  # saved, handed over, resumed; of a VM that is off only the owner changes
    SHUT_DOWN = "shut down"  # shut down with somebody's consent, handed over, left off


class PlannedMove(msgspec.Struct, frozen=True, gc=False):
    """One step. ``reason`` tells why this target, in the words of who chose it."""

    vm_key: str
    vm_name: str
    source: str
    target: str
    method: Method = Method.LIVE
    reason: str = ""


class Plan(msgspec.Struct, frozen=True):
    """Moves in order. ``left_out``: keys of VMs that somebody decided to leave where they are.

    ``cluster`` is its name, ``made_at`` in wall-clock seconds.
    """

    kind: PlanKind
    cluster: str
    made_at: float
    moves: tuple[PlannedMove, ...] = ()
    node: str = ""
    left_out: tuple[str, ...] = ()
    refusal: str = ""  # why no plan can be made at all

    @property
    def title(self) -> str:
        """What it is for, in a few words."""
        if self.kind is PlanKind.DRAIN:
            return f"Empty {self.node}"
        if self.kind is PlanKind.RETURN:
            return f"Bring the VMs back to {self.node}"
        if self.kind is PlanKind.REBALANCE:
            return f"Even out {self.cluster}"
        return f"Rearrange {self.cluster}"
