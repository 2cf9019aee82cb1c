"""Tells our live migrations from those that somebody else started, by what the cluster shows."""

from collections.abc import Callable, Iterable, Mapping

from console.model.foreign_move import ForeignMove, newest, observe
from console.model.operation import OperationRecord
from console.model.request import DrainNode, LiveMigrate, ResumeNode
from console.model.snapshot import SnapshotDelta
from console.model.virtual_machine import VirtualMachine
from console.worker.clock import Clock

_SHOWN = 100
# A reading that began before our operation ended may arrive after it.
_STILL_OURS_S = 60.0


class ForeignMoves:
    """Fed with every change of the inventory. ``tell`` gets the whole list, newest first."""

    def __init__(
        self,
        unfinished: Callable[[], Iterable[OperationRecord]],
        clock: Clock,
        tell: Callable[[tuple[ForeignMove, ...]], None],
    ) -> None:
        self._unfinished = unfinished
        self._clock = clock
        self._tell = tell
        self._moves: dict[str, ForeignMove] = {}
        # What is ours, and until when on the monotonic clock: a VM's key with the node it goes to,
        # and nodes as ("node:<name>", "").
        self._ours: dict[tuple[str, str], float] = {}

    def look(self, before: Mapping[str, VirtualMachine], delta: SnapshotDelta) -> None:
        """Look at what changed. ``before``: the VMs as they were known until now."""
        self._claim()
        at, has_news = self._clock.now(), False
        for vm in delta.upserted:
            known = self._moves.get(vm.key)
            was = before.get(vm.key)
            if self._is_ours(vm, was):
                continue
            move = observe(known, was, vm, at)
            if move is not None and move is not known:
                self._moves[vm.key] = move
                has_news = True
        if has_news:
            shown = newest(self._moves.values(), _SHOWN)
            self._moves = {move.vm_key: move for move in shown}
            self._tell(shown)

    def _claim(self) -> None:
        """Renew what our unfinished operations act on; forget what ended a while ago."""
        now = self._clock.monotonic()
        for record in self._unfinished():
            match record.request:
                case LiveMigrate(vm_key=key, target=target):
                    self._ours[key, target] = now + _STILL_OURS_S
                case DrainNode(node=node) | ResumeNode(node=node):
                    self._ours[f"node:{node}", ""] = now + _STILL_OURS_S
                case _:
                    pass
        self._ours = {key: until for key, until in self._ours.items() if until > now}

    def _is_ours(self, vm: VirtualMachine, was: VirtualMachine | None) -> bool:
        """Whether an operation of ours moves this VM there, alone or with its node.

        One that moves elsewhere is not: somebody was faster, and ours is refused.
        """
        facts = vm.cluster
        goes = facts.migration.target if facts is not None and facts.migration is not None else None
        if goes == "":  # nobody can tell yet where to
            return any(key == vm.key for key, _target in self._ours)
        if (vm.key, goes if goes is not None else vm.owner_node or "") in self._ours:
            return True
        ends = {vm.owner_node, was.owner_node if was is not None else None, goes}
        return any((f"node:{node}", "") in self._ours for node in ends if node)
