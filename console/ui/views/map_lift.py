"""VMs lifted from the map: what every node says to them, until they are dropped."""

import time

import msgspec

from console.model.earlier_moves import History
from console.model.finding import NodeVerdict, Verdict
from console.ui.models.move_words import checked_text
from console.ui.store import Store

_REFUSING = (Verdict.CANNOT, Verdict.UNKNOWN)


class Drop(msgspec.Struct, frozen=True):
    """VMs let go over a node that is not their home. ``what`` names them."""

    keys: tuple[str, ...]
    what: str
    verdict: NodeVerdict

    @property
    def node(self) -> str:
        return self.verdict.node

    @property
    def is_taken(self) -> bool:
        return takes(self.verdict)


class Lift(msgspec.Struct):
    """The lifted keys, the verdict of every node, and the node under the mouse.

    ``home`` is the node that holds all of them, None if they are on several. ``is_pinned`` keeps
    a refused drop's reasons on the screen until they were dismissed. ``live_at`` tells by node
    when the cluster itself was asked while the mouse was down (wall-clock seconds).
    """

    keys: tuple[str, ...]
    what: str
    home: str | None = None
    verdicts: dict[str, NodeVerdict] = msgspec.field(default_factory=dict)
    hovered: str | None = None
    is_pinned: bool = False
    is_told_whole: bool = False  # every finding with its evidence, not only the worst
    is_asking: bool = False
    live_at: dict[str, float] = msgspec.field(default_factory=dict)
    read_at: float | None = None
    history: History = msgspec.field(default_factory=dict)

    def judge(self, store: Store) -> None:
        """Ask every node again on what is known now. No I/O.

        What the cluster said under the mouse stands until something newer was read.
        """
        # Here and not above: the first frame needs no check, and a window warms them afterwards.
        from console.checks.moves import judge_moves

        self.read_at = store.inventory.cluster_wire.read_at
        judged = judge_moves(
            store.inventory, self.keys, store.running(), time.time(), history=self.history
        )
        older = {node: at for node, at in self.live_at.items() if at > (self.read_at or 0.0)}
        kept = {node: self.verdicts[node] for node in older if node in self.verdicts}
        self.verdicts = {verdict.node: verdict for verdict in judged}
        self.verdicts |= {node: verdict for node, verdict in kept.items() if node in self.verdicts}
        self.live_at = older

    def take_live(self, verdicts: tuple[NodeVerdict, ...], at: float) -> None:
        """The cluster's own word of ``at``; a node that it does not name keeps its last one."""
        self.is_asking = False
        self.verdicts |= {verdict.node: verdict for verdict in verdicts}
        self.live_at |= {verdict.node: at for verdict in verdicts}

    def checked(self, node: str | None, now: float) -> str:
        """How old the word is that this node's verdict rests on."""
        live_at = self.live_at.get(node or "")
        return checked_text(live_at, self.read_at, now, is_asking=self.is_asking)

    def takes(self, node: str | None) -> bool:
        """Whether a drop on this node would start something."""
        verdict = self.verdicts.get(node or "")
        return verdict is not None and takes(verdict)

    @property
    def drawn_along(self) -> frozenset[str]:
        """VMs that nobody lifted and that the cluster would move along: to the node under the
        mouse, or while there is none to any.
        """
        hovered = self.verdicts.get(self.hovered or "")
        asked = self.verdicts.values() if hovered is None else (hovered,)
        return frozenset(key for verdict in asked for key in verdict.also_moves)

    def drop(self, node: str | None) -> Drop | None:
        """What letting go there comes to; None over nothing and at home."""
        verdict = self.verdicts.get(node or "")
        if verdict is None or node == self.home:
            return None
        return Drop(self.keys, self.what, verdict)


def takes(verdict: NodeVerdict) -> bool:
    """Whether this verdict lets something begin. What is not known does not."""
    return verdict.verdict not in _REFUSING


def lift(store: Store, keys: tuple[str, ...]) -> Lift:
    """Lift these VMs and hear every node."""
    vms = store.inventory.vms
    what = vms[keys[0]].name if len(keys) == 1 and keys[0] in vms else f"{len(keys)} VMs"
    owners = {vms[key].owner_node for key in keys if key in vms}
    lifted = Lift(keys, what, owners.pop() if len(owners) == 1 else None)
    lifted.history = store.earlier_moves(keys)
    lifted.judge(store)
    return lifted
