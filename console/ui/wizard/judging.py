"""What is right, doubtful and wrong in a draft, field by field and page by page."""

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from console.checks import creation_rules as rules
from console.checks import run_on_snapshot
from console.checks.address_is_free import why_not
from console.checks.name_is_free import remedy_for
from console.checks.request_is_valid import wrong_parts
from console.model.finding import Finding, Severity
from console.model.inventory import Inventory
from console.model.node import NodeState
from console.model.request import (
    CreateVirtualMachine,
    NetworkInterfaceSpec,
    SecretField,
    VirtualMachineSpec,
)
from console.ui.wizard import choices, flow
from console.ui.wizard.building import build_request
from console.ui.wizard.draft import Draft

Secrets = Mapping[str, str]
# Checks that know something of a single field while it is typed; all of them run on review.
_LIVE_CHECKS = ("a_node_has_room", "storage_has_room", "parts_are_free")
_LONGEST_ADDRESS = 45  # IPv6 that ends in IPv4


class PageState(enum.StrEnum):
    """Shown as shape and word."""

    UNTOUCHED = "not visited"
    UNFILLED = "not filled in yet"
    UNCHECKED = "not checked yet"
    VALID = "complete"
    WARNING = "with notes"
    INVALID = "needs attention"


@dataclass(frozen=True)
class Judgement:
    """Sentences by field: ``problems`` forbid creating, ``doubts`` only want to be read."""

    problems: dict[str, str] = field(default_factory=dict)
    doubts: dict[str, str] = field(default_factory=dict)

    def page_states(
        self,
        visited: Iterable[int],
        findings: Sequence[Finding] | None = None,
        unfilled: Iterable[int] = (),
    ) -> list[PageState]:
        """One a page; a page nobody saw yet is never called right or wrong.

        ``findings`` are the answer of both planes, with fields of the wizard; None: not yet there.
        ``unfilled`` are pages in which nobody typed and that nobody left: what is missing on them
        was not forgotten.
        """
        wrong = {flow.PAGE_OF[name] for name in self.problems}
        doubtful = {flow.PAGE_OF[name] for name in self.doubts}
        for finding in findings or ():
            pages = {flow.LAST, flow.PAGE_OF.get(finding.field, flow.LAST)}
            if finding.severity is Severity.BLOCKS:
                wrong |= pages
            elif finding.severity is not Severity.FINE:
                doubtful |= pages
        if self.problems:
            wrong.add(flow.LAST)
        seen, waiting = set(visited), set(unfilled)
        return [
            PageState.UNTOUCHED
            if page not in seen
            else PageState.UNFILLED
            if page in wrong & waiting
            else PageState.INVALID
            if page in wrong
            else PageState.UNCHECKED
            if page == flow.LAST and findings is None
            else PageState.WARNING
            if page in doubtful
            else PageState.VALID
            for page in range(len(flow.PAGES))
        ]


def judge(draft: Draft, secrets: Secrets, inventory: Inventory, now: float) -> Judgement:
    """Everything that can be told without asking a wire; ``now`` in seconds since 1970."""
    request = build_request(draft, inventory)
    problems = {
        **wrong_parts(request.spec, inventory.cluster.os_build),
        **_names(draft, inventory),
        **_choices(draft, inventory),
        **_secrets(draft, secrets, request.spec, inventory),
        **_network(draft, inventory),
        # Of the rows as they were typed: the request has the VM's name before each.
        "data_disks": rules.data_disks(draft.data_disks, draft.name),
        "existing_disks": _existing_disks(draft),
        "tags": rules.tags((row.name, row.value) for row in draft.tags),
    }
    problems = {name: text for name, text in problems.items() if text}
    typed = secrets.get(SecretField.ADMIN_PASSWORD, "")
    doubts = {
        SecretField.ADMIN_PASSWORD.value: rules.password_doubt(typed, draft.admin_username),
        "processors": _more_than_any_node(draft, inventory),
        "data_disks": _larger_than_path(draft, inventory),
        "guest_management": _no_extensions(request.spec),
    }
    _judge_live(draft, request, inventory, now, problems, doubts)
    return Judgement(
        problems, {n: text for n, text in doubts.items() if text and n not in problems}
    )


def _names(draft: Draft, inventory: Inventory) -> dict[str, str]:
    found = {}
    known = inventory.vm_named(draft.name) if draft.name else None
    if known is not None and not rules.vm_name(draft.name):
        found["name"] = f"A VM named {known.name} exists already. {remedy_for(known)}"
    if not draft.computer_name and rules.vm_name(draft.name):
        found["computer_name"] = ""  # told at the VM's name, from which it comes
    return found


def _existing_disks(draft: Draft) -> str:
    ids = [row.arm_id.lower() for row in draft.existing_disks]
    if "" in ids:
        return "Choose a disk in every row, or remove the row."
    return "The same disk is chosen twice." if len(set(ids)) < len(ids) else ""


def _choices(draft: Draft, inventory: Inventory) -> dict[str, str]:
    """Only of fields that apply: what is hidden forbids nothing."""
    return {
        one.name: _chosen(one, draft, inventory)
        for one in flow.FIELDS.values()
        if one.wanted and one.is_shown(draft, inventory)
    }


def _chosen(one: flow.Field, draft: Draft, inventory: Inventory) -> str:
    offered = one.choices(draft, inventory)
    value = getattr(draft, one.name)
    found = next((choice for choice in offered if choice.value == value), None)
    if found is not None:
        return found.why_not
    if not offered:
        return choices.why_empty(one.wanted, inventory)
    if value:
        return f"What was chosen is not offered any more. Choose {one.wanted}."
    return f"Choose {one.wanted}."


def _secrets(
    draft: Draft, secrets: Secrets, spec: VirtualMachineSpec, inventory: Inventory
) -> dict[str, str]:
    typed = secrets.get(SecretField.ADMIN_PASSWORD, "")
    found = {}
    if not typed and not spec.ssh_public_keys:
        either = " or an SSH key" if choices.is_linux(draft, inventory) else ""
        found[SecretField.ADMIN_PASSWORD.value] = f"Give the administrator a password{either}."
    if typed != secrets.get(flow.PASSWORD_AGAIN, ""):
        found[flow.PASSWORD_AGAIN] = "The two passwords differ."
    if spec.domain_join is not None and not secrets.get(SecretField.DOMAIN_PASSWORD):
        found[SecretField.DOMAIN_PASSWORD.value] = "Give the joining account's password."
    return found


def _network(draft: Draft, inventory: Inventory) -> dict[str, str]:
    """The address while it is typed: an empty one is no address of the request yet."""
    network = choices.network_of(draft, inventory)
    if network is None or not flow.has_fixed_address(draft, inventory):
        return {}
    address = draft.address.strip()
    if not address:
        return {"address": "Give the address, or let the network choose."}
    if len(address) > _LONGEST_ADDRESS:
        return {"address": "That is too long for an address."}
    if not network.address_prefix:
        text = f"The range of {network.name} is not known, so no address can be checked."
        return {"address": text}
    return {"address": why_not(NetworkInterfaceSpec(address=address), network)}


def _more_than_any_node(draft: Draft, inventory: Inventory) -> str:
    known = [node.logical_processors for node in inventory.nodes.values()]
    most = max((count for count in known if count), default=0)
    if None in known or not most or draft.processors <= most:
        return ""
    return f"No node has more than {most} logical processors: the VM may not start."


def _no_extensions(spec: VirtualMachineSpec) -> str:
    """Extensions are installed by the agent that guest management brings (fact sheet 6.3)."""
    if spec.domain_join is None or spec.guest_management:
        return ""
    return "Joining a domain is done by an extension, for which guest management is needed."


def _larger_than_path(draft: Draft, inventory: Inventory) -> str:
    """Growing disks may promise more than there is; full ones are the check's."""
    for path in inventory.site.storage_paths:
        here = [
            row.size_gib
            for row in draft.data_disks
            if (row.storage_path_id or draft.storage_path_id) == path.arm_id
        ]
        if here and path.available_mib is not None and sum(here) * 1024 > path.available_mib:
            return (
                f"Filled up, these disks need {sum(here)} GiB; {path.name} has "
                f"{path.available_mib // 1024} GiB free."
            )
    return ""


def _judge_live(
    draft: Draft,
    request: CreateVirtualMachine,
    inventory: Inventory,
    now: float,
    problems: dict[str, str],
    doubts: dict[str, str],
) -> None:
    """The same checks that run before execution, on what the window knows."""
    nodes_up = [n for n in inventory.nodes.values() if n.state is NodeState.UP]
    names = _LIVE_CHECKS if nodes_up else _LIVE_CHECKS[1:]
    for finding in run_on_snapshot(names, request, inventory, now):
        place = flow.field_of(finding.field, draft, inventory)
        if not place or problems.get(place):
            continue
        text = f"{finding.text} {finding.remedy}".strip()
        if finding.severity is Severity.BLOCKS:
            problems[place] = text
        elif finding.severity is not Severity.FINE:
            doubts.setdefault(place, text)
