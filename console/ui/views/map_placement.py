"""Which tile belongs in which card, and what is moving; kept current by what changed. No Qt.

A refresh of 2,000 VMs of which three changed looks at three: only their cards are sorted anew.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from console.model.inventory import Inventory
from console.model.operation import OperationRecord, OperationState, stalled_since
from console.model.request import LiveMigrate
from console.ui.models.move_words import phase_of, phase_of_record
from console.ui.models.vm_columns import natural

NOT_PLACED = ""  # the card of VMs that the cluster shows on no node


class Move(NamedTuple):
    """A live migration by one VM. ``fraction`` is 0..1, None where nobody can tell; ``phase`` is
    one of ``move_words.PHASES``. One that waits has no place at its target yet.
    """

    target: str
    fraction: float | None = None
    phase: str = ""
    is_under_way: bool = True
    position: int | None = None  # in the queue
    is_troubled: bool = False  # stalled, or not converging


class Placement:
    """``order`` holds the keys of every card in natural order of their names, cards in the
    cluster's order. ``moves`` are the migrations asked for or under way by VM key, ``arriving``
    the VMs on their way to each card.
    """

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self.order: dict[str, tuple[str, ...]] = {}
        self.moves: dict[str, Move] = {}
        self.arriving: dict[str, tuple[str, ...]] = {}
        self._places: dict[str, tuple[str, str]] = {}  # key -> card, sort key
        self._reported: dict[str, Move] = {}  # the cluster's own word
        self._asked: dict[str, Move] = {}  # what this console asked for

    def rebuild(self) -> None:
        """Look at every VM."""
        vms = self._inventory.vms
        self._places = {key: self._place(key) for key in vms}
        self._reported.clear()
        self._note_reported(vms)
        self._join_moves()
        cards: dict[str, list[str]] = {name: [] for name in self._inventory.nodes}
        for key, (card, _) in self._places.items():
            cards.setdefault(card, []).append(key)
        self.order = {card: self._sorted(keys) for card, keys in cards.items()}

    def changed(self, keys: Sequence[str]) -> set[str]:
        """These VMs changed, came or went: the cards whose order is another now."""
        self._note_reported(keys)
        touched: set[str] = set()
        for key in keys:
            before = self._places.get(key)
            after = self._place(key) if key in self._inventory.vms else None
            if before == after:
                continue
            touched |= {place[0] for place in (before, after) if place is not None}
            if after is None:
                del self._places[key]
            else:
                self._places[key] = after
        for card in touched:
            owned = self._inventory.keys_by_owner.get(card, ()) if card else self._lost()
            if owned or card in self._inventory.nodes:
                self.order[card] = self._sorted(owned)
            else:
                self.order.pop(card, None)
        self._in_cluster_order()
        self._join_moves()
        return touched

    def _in_cluster_order(self) -> None:
        """VMs may arrive before their nodes: cards stand as the cluster lists its nodes."""
        wanted = [*self._inventory.nodes, NOT_PLACED]
        if list(self.order) != [card for card in wanted if card in self.order]:
            self.order = {card: self.order[card] for card in wanted if card in self.order}

    def asked(self, running: Iterable[OperationRecord]) -> set[str]:
        """This console's unfinished operations changed: the VMs whose move looks different now."""
        before = self.moves
        self._asked = {
            record.request.vm_key: _asked(record, record.request)
            for record in running
            if isinstance(record.request, LiveMigrate)
        }
        self._join_moves()
        keys = before.keys() | self.moves.keys()
        return {key for key in keys if before.get(key) != self.moves.get(key)}

    def _place(self, key: str) -> tuple[str, str]:
        vm = self._inventory.vms[key]
        owner = vm.owner_node
        card = owner if owner in self._inventory.nodes and owner else NOT_PLACED
        known = self._places.get(key)
        # The natural key is dear to make; most changes are not of the name.
        if known is not None and known[1].endswith(f"\n{vm.name}"):
            return card, known[1]
        return card, f"{natural(vm.name)}\n{vm.name}"

    def _lost(self) -> list[str]:
        return [key for key, (card, _) in self._places.items() if card == NOT_PLACED]

    def _sorted(self, keys: Iterable[str]) -> tuple[str, ...]:
        places = self._places
        return tuple(sorted(keys, key=lambda key: (places[key][1], key)))

    def _note_reported(self, keys: Iterable[str]) -> None:
        for key in keys:
            vm = self._inventory.vms.get(key)
            facts = vm.cluster if vm is not None else None
            if facts is None or facts.migration is None:
                self._reported.pop(key, None)
                continue
            percent = facts.migration.percent
            fraction = None if percent is None else percent / 100
            phase = phase_of(facts.migration.phase)
            self._reported[key] = Move(facts.migration.target, fraction, phase)

    def _join_moves(self) -> None:
        """Target as the cluster reports it, progress as our own operation follows it.

        What is shown of a move once is never taken back: two sources count differently.
        """
        moves = dict(self._asked)
        for key, reported in self._reported.items():
            asked = self._asked.get(key)
            if asked is not None and asked.is_under_way:
                moves[key] = asked._replace(
                    target=reported.target,
                    fraction=reported.fraction if asked.fraction is None else asked.fraction,
                )
            else:
                moves[key] = reported
        for key, move in moves.items():
            shown = self.moves.get(key)
            if shown is None or shown.target != move.target or move.fraction is None:
                continue
            if shown.is_under_way and move.is_under_way and shown.fraction is not None:
                moves[key] = move._replace(fraction=max(shown.fraction, move.fraction))
        self.moves = moves
        arriving: dict[str, list[str]] = {}
        for key, move in moves.items():
            place = self._places.get(key)
            if move.is_under_way and place is not None and place[0] != move.target:
                arriving.setdefault(move.target, []).append(key)
        self.arriving = {card: self._sorted(keys) for card, keys in arriving.items()}


def _asked(record: OperationRecord, request: LiveMigrate) -> Move:
    progress = record.progress
    move = progress.move if progress is not None else None
    return Move(
        target=request.target,
        fraction=progress.fraction if progress is not None else None,
        phase=phase_of_record(record),
        is_under_way=record.state not in _NOT_BEGUN,
        position=record.queue_position,
        is_troubled=stalled_since(record) is not None
        or (move is not None and move.is_converging is False),
    )


_NOT_BEGUN = (OperationState.QUEUED, OperationState.CHECKING)
