"""With what the wizard begins: what was kept, what is made again, or what was made last."""

from collections.abc import Iterable
from dataclasses import dataclass

from console.model.inventory import Inventory
from console.model.operation import OperationRecord
from console.model.request import VirtualMachineSpec
from console.ui.wizard import flow
from console.ui.wizard.again import draft_of, last_created, next_like
from console.ui.wizard.draft import AGAIN_FILE, FILE, Draft, Kept

_PASSWORDS = "Passwords are never kept: type them again."


@dataclass(frozen=True)
class Start:
    """``note`` is told above the pages; ``is_filled``: by a person, so that everything is judged
    at once. ``file`` is where the draft is kept from now on.
    """

    draft: Draft
    note: str = ""
    is_filled: bool = False
    file: str = FILE


def start_of(
    inventory: Inventory,
    records: Iterable[OperationRecord] = (),
    kept: Kept | None = None,
    again: VirtualMachineSpec | None = None,
) -> Start:
    """What was asked for goes before what was kept, and that before what can be learnt."""
    kept = kept or Kept()
    if again is not None:
        draft = draft_of(again)
        flow.fill_empty(draft, inventory)
        note = f"Filled in from the creation of {again.name}. {_PASSWORDS}"
        return Start(draft, _joined(kept.note, note), True, AGAIN_FILE)
    if kept.draft is not None:
        flow.fill_empty(kept.draft, inventory)
        note = f"Your kept draft was taken up again. {_PASSWORDS}"
        return Start(kept.draft, _joined(kept.note, note), True, kept.file)
    last = last_created(records, inventory)
    if last is not None:
        note = f"Filled in like {last.name}, the last VM that was created from here."
        return Start(next_like(last, inventory), _joined(kept.note, note))
    return Start(flow.new_draft(inventory), kept.note)


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)
