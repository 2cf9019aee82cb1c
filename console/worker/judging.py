"""From the findings of fresh checks to whether an operation may go on, waits, or is refused."""

import enum

from console.model.finding import Finding, Severity, Verdict, verdict_of
from console.model.freshness import Fault, FaultCode
from console.model.inventory import Inventory


class Ruling(enum.Enum):
    GO = "go"
    WAIT = "wait"
    REFUSE = "refuse"


def rule_on(findings: tuple[Finding, ...], inventory: Inventory, *, is_patient: bool) -> Ruling:
    """What the findings mean for acting now.

    What could not be established is no green light: while a wire is down it may still come
    (``is_patient``), with both wires up it refuses. Where a person has to sign in again it waits
    for that person.
    """
    match verdict_of(findings):
        case Verdict.CANNOT:
            return Ruling.REFUSE
        case Verdict.UNKNOWN:
            is_down = inventory.arm.is_down or inventory.cluster_wire.is_down
            is_patient = is_patient or _waits_for_a_person(inventory)
            return Ruling.WAIT if is_down and is_patient else Ruling.REFUSE
        case Verdict.WAITS:
            return Ruling.WAIT
        case _:
            return Ruling.GO


def _waits_for_a_person(inventory: Inventory) -> bool:
    return any(fault.code is FaultCode.SIGN_IN_REQUIRED for fault in inventory.arm.faults)


def reasons(findings: tuple[Finding, ...], severity: Severity) -> str:
    """The sentences of one severity, joined."""
    return " ".join(finding.text for finding in findings if finding.severity is severity)


def waiting_text(findings: tuple[Finding, ...]) -> str:
    """Why it waits, as one text."""
    why = reasons(findings, Severity.UNKNOWN) or reasons(findings, Severity.WAITS)
    return f"Waiting: {why}"


def refusal_text(findings: tuple[Finding, ...]) -> str:
    """Why nothing was done, as one text."""
    blocking = reasons(findings, Severity.BLOCKS)
    if blocking:
        return f"Not done: {blocking}"
    unknown = reasons(findings, Severity.UNKNOWN)
    return f"Not done, because this could not be established: {unknown}"


def refusal_fault(findings: tuple[Finding, ...]) -> Fault:
    """The same with what a person can do."""
    worst = [f for f in findings if f.severity in (Severity.BLOCKS, Severity.UNKNOWN)]
    return Fault(
        FaultCode.REJECTED,
        refusal_text(findings),
        remedy=" ".join(finding.remedy for finding in worst if finding.remedy),
        kept="Nothing was sent.",
        detail="\n".join(finding.evidence for finding in worst if finding.evidence),
    )
