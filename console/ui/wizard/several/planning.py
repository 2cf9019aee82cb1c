"""Drafts for several VMs out of one, with addresses handed out and everything wrong told by VM."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from console.checks.moving_vms import memory_needed
from console.checks.node_has_memory import cluster_survives_loss, holding_memory
from console.model.inventory import Inventory
from console.model.node import NodeState
from console.ui.wizard import choices, flow
from console.ui.wizard.draft import Draft, TagRow
from console.ui.wizard.judging import judge
from console.ui.wizard.several.csv_rows import MOST, TAG, Parsed, Row, wrong_cells

_MARKS = re.compile(r"#+")
# What a row may say otherwise than the wizard's draft.
_OWN_FIELDS = frozenset(
    {"name", "address", "processors", "memory_gib", "storage_path_id", "computer_name", "tags"}
)


@dataclass
class Planned:
    """One VM to be: ``problems`` forbid sending anything, ``doubts`` only want to be read."""

    draft: Draft
    line: int = 0  # of the file it comes from; 0: from a pattern
    problems: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


def names_of(pattern: str, count: int, first: int = 1) -> list[str]:
    """``web-##`` makes web-01, web-02 …; without a mark the number is put behind a hyphen."""
    count = max(0, min(count, MOST))
    width = len(str(first + max(count - 1, 0)))
    found = _MARKS.search(pattern)
    if found is None:
        return [f"{pattern}-{number:0{max(2, width)}}" for number in range(first, first + count)]
    before, after = pattern[: found.start()], pattern[found.end() :]
    wide = max(len(found.group()), width)
    return [f"{before}{number:0{wide}}{after}" for number in range(first, first + count)]


def from_pattern(
    draft: Draft, pattern: str, count: int, first: int, inventory: Inventory
) -> list[Planned]:
    """The draft ``count`` times, under names of the pattern."""
    plans = [Planned(_copied(draft, name)) for name in names_of(pattern, count, first)]
    _hand_out_addresses(plans, inventory)
    return plans


def from_rows(draft: Draft, parsed: Parsed, inventory: Inventory) -> list[Planned]:
    """The draft once a row, with what the row says instead."""
    plans = [_from_row(draft, row, parsed.columns, inventory) for row in parsed.rows]
    _hand_out_addresses(plans, inventory)
    return plans


def judge_one(
    planned: Planned, secrets: Mapping[str, str], inventory: Inventory, now: float
) -> None:
    """Add what the wizard's own rules say of this VM; a few milliseconds, so call it in slices."""
    found = judge(planned.draft, secrets, inventory, now)
    planned.problems += _told(found.problems)
    # What is doubtful of all of them alike was told in the wizard.
    own = {name: text for name, text in found.doubts.items() if name in _OWN_FIELDS}
    planned.doubts += _told(own)


def judge_together(plans: Sequence[Planned]) -> None:
    """Add what is wrong only beside each other: names and addresses that stand twice."""
    for plan in plans if len(plans) > 1 else ():
        if plan.draft.interface_id:
            plan.problems.append("A network interface that exists serves one VM only.")
        if plan.draft.existing_disks:
            plan.problems.append("A data disk that exists serves one VM only.")
    names = Counter(plan.draft.name.casefold() for plan in plans)
    guests = Counter(plan.draft.computer_name.casefold() for plan in plans)
    addresses = Counter(plan.draft.address for plan in plans if plan.draft.has_fixed_address)
    for plan in plans:
        draft = plan.draft
        if draft.name and names[draft.name.casefold()] > 1:
            plan.problems.append(f"The name {draft.name[:60]} stands twice.")
        if draft.computer_name and guests[draft.computer_name.casefold()] > 1:
            plan.problems.append(f"The computer name {draft.computer_name[:60]} stands twice.")
        if draft.has_fixed_address and draft.address and addresses[draft.address] > 1:
            plan.problems.append(f"The address {draft.address[:60]} stands twice.")


def outlook(plans: Sequence[Planned], inventory: Inventory) -> list[str]:
    """What all of them together do to memory and storage; sentences, empty where all is well."""
    return [*_memory_outlook(plans, inventory), *_storage_outlook(plans, inventory)]


# -- one row ---------------------------------------------------------------------------------------
def _copied(draft: Draft, name: str) -> Draft:
    # The guest's name follows the VM's: one typed for all would be the same for all.
    return msgspec.structs.replace(draft, name=name, computer_name="", address="")


def _from_row(draft: Draft, row: Row, columns: Sequence[str], inventory: Inventory) -> Planned:
    values = row.values
    made = Planned(_copied(draft, values.get("name", "")), row.line, wrong_cells(row, columns))
    one = made.draft
    one.computer_name = values.get("computer_name", "")
    for column in ("processors", "memory_gib"):
        if column in values:
            if values[column].isascii() and values[column].isdecimal():
                setattr(one, column, min(int(values[column][:9]), 10**9))
            else:
                made.problems.append(f"{column}: {values[column][:40]!r} is not a whole number.")
    if "storage_path" in values:
        wanted = values["storage_path"].casefold()
        paths = [p for p in inventory.site.storage_paths if p.name.casefold() == wanted]
        if paths:
            one.storage_path_id = paths[0].arm_id
        else:
            known = ", ".join(path.name for path in inventory.site.storage_paths)
            text = f"There is no storage path {values['storage_path'][:40]!r}; there are: {known}."
            made.problems.append(text)
    if "address" in values:
        one.has_fixed_address, one.address = True, values["address"]
        if not flow.takes_fixed_address(one, inventory):
            made.problems.append("Its network hands out addresses itself (DHCP); leave it empty.")
    tags = {key[len(TAG) :]: value for key, value in values.items() if key.startswith(TAG)}
    kept = [tag for tag in draft.tags if tag.name not in tags]
    one.tags = [*kept, *(TagRow(name, value) for name, value in tags.items())]
    return made


def _told(sentences: Mapping[str, str]) -> list[str]:
    return [
        f"{flow.FIELDS[name].label.replace('&', '')}: {text}" for name, text in sentences.items()
    ]


# -- addresses -------------------------------------------------------------------------------------
def _hand_out_addresses(plans: Sequence[Planned], inventory: Inventory) -> None:
    """Give each VM that wants a fixed address and names none the next one that is free."""
    taken = {plan.draft.address for plan in plans if plan.draft.address}
    free: dict[str, Iterator[str]] = {}
    for plan in plans:
        draft = plan.draft
        if draft.address or not flow.has_fixed_address(draft, inventory):
            continue
        network = choices.network_of(draft, inventory)
        if network is None:
            continue
        source = free.setdefault(network.arm_id, choices.free_addresses(network))
        address = next((one for one in source if one not in taken), "")
        if address:
            draft.address = address
            taken.add(address)
        else:
            plan.problems.append(f"{network.name} has no free address left for it.")


# -- all together ----------------------------------------------------------------------------------
def _memory_outlook(plans: Sequence[Planned], inventory: Inventory) -> list[str]:
    """Placed one by one where most is free, as the platform may do it or not."""
    free: dict[str, int] = {}
    used: dict[str, int] = {}
    for node in inventory.nodes.values():
        if node.state is not NodeState.UP or node.accepts_azure_placement is False:
            continue
        held = memory_needed(holding_memory(inventory.vms_on(node.name)))
        if node.memory_available_mib is None or held is None:
            return ["The free memory of every node is not known, so nobody can say if all fit."]
        free[node.name], used[node.name] = node.memory_available_mib, held
    placed = 0
    for plan in sorted(plans, key=lambda one: -one.draft.memory_gib):
        needed = plan.draft.memory_gib * 1024
        roomiest = max(free, key=lambda name: free[name], default="")
        if not roomiest or free[roomiest] < needed:
            break
        free[roomiest] -= needed
        used[roomiest] += needed
        placed += 1
    if placed < len(plans):
        return [f"The nodes have memory for {placed} of these {len(plans)} VMs."]
    if len(free) > 1 and not cluster_survives_loss(free, used):
        return ["With all of them the cluster could not restart everything if one node failed."]
    return []


def _storage_outlook(plans: Sequence[Planned], inventory: Inventory) -> list[str]:
    """The image's copy and full-size disks of all, path by path; growing disks are not counted."""
    images = {image.arm_id.lower(): image for image in inventory.site.images}
    found = []
    for path in inventory.site.storage_paths:
        needed, unknown = 0, False
        here = [plan.draft for plan in plans if plan.draft.storage_path_id == path.arm_id]
        for draft in here:
            image = images.get(choices.image_id_of(draft).lower())
            size = image.size_mib if image is not None else None
            unknown = unknown or not size
            needed += size or 0
            needed += sum(
                row.size_gib * 1024
                for row in draft.data_disks
                if not row.is_dynamic and row.storage_path_id in ("", path.arm_id)
            )
        if not here or path.available_mib is None:
            continue
        if needed > path.available_mib:
            found.append(
                f"{path.name} has {path.available_mib // 1024} GiB free; "
                f"these VMs need about {needed // 1024} GiB."
            )
        elif unknown:
            found.append(
                f"How large the image's copies on {path.name} get is not known beforehand."
            )
    return found
