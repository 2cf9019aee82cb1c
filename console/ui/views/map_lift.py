"""VMs lifted from the map: what every node says to them, until they are dropped."""

import time
from dataclasses import dataclass, field

from console.model.finding import NodeVerdict, Verdict
from console.ui.store import Store

_REFUSING = (Verdict.CANNOT, Verdict.UNKNOWN)


@dataclass
class Lift:
    """The lifted keys, the verdict of every node, and the node under the mouse.

    ``home`` is the node that holds all of them, None if they are on several. ``is_pinned`` keeps
    a refused drop's reasons on the screen until they were dismissed.
    """

    keys: tuple[str, ...]
    what: str
    home: str | None = None
    verdicts: dict[str, NodeVerdict] = field(default_factory=dict)
    hovered: str | None = None
    is_pinned: bool = False

    def judge(self, store: Store) -> None:
        """Ask every node again on what is known now. No I/O."""
        # Here and not above: the first frame needs no check, and a window warms them afterwards.
        from console.checks.moves import judge_moves

        verdicts = judge_moves(store.inventory, self.keys, store.running(), time.time())
        self.verdicts = {verdict.node: verdict for verdict in verdicts}

    def takes(self, node: str | None) -> bool:
        """Whether a drop on this node would start something."""
        verdict = self.verdicts.get(node or "")
        return verdict is not None and verdict.verdict not in _REFUSING


def lift(store: Store, keys: tuple[str, ...]) -> Lift:
    """Lift these VMs and hear every node."""
    vms = store.inventory.vms
    what = vms[keys[0]].name if len(keys) == 1 and keys[0] in vms else f"{len(keys)} VMs"
    owners = {vms[key].owner_node for key in keys if key in vms}
    lifted = Lift(keys, what, owners.pop() if len(owners) == 1 else None)
    lifted.judge(store)
    return lifted
