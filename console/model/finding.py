"""What a preflight check found, and what a set of findings means for an act."""

import enum

import msgspec


class Severity(enum.StrEnum):
    """Order matters: the worst finding decides."""

    FINE = "fine"
    NOTE = "note"
    WAITS = "waits"
    UNKNOWN = "unknown"  # could not be established; never shown as fine
    BLOCKS = "blocks"


class Finding(msgspec.Struct, frozen=True, gc=False):
    """One sentence a person can act on. ``field`` names the wizard field it belongs to, if any."""

    check: str  # file name of the check that found it
    severity: Severity
    text: str
    remedy: str = ""
    evidence: str = ""
    field: str = ""
    source: str = ""  # document the rule came from


class Verdict(enum.StrEnum):
    """Answer to "may this be done", shown with colour, shape and word."""

    FITS = "Fits"
    FITS_WITH_NOTES = "Fits with notes"
    WAITS = "Waits"
    UNKNOWN = "Not known"
    CANNOT = "Can't"


_RANK = {
    Severity.FINE: 0,
    Severity.NOTE: 1,
    Severity.WAITS: 2,
    Severity.UNKNOWN: 3,
    Severity.BLOCKS: 4,
}
_VERDICT = (
    Verdict.FITS,
    Verdict.FITS_WITH_NOTES,
    Verdict.WAITS,
    Verdict.UNKNOWN,
    Verdict.CANNOT,
)


def verdict_of(findings: tuple[Finding, ...]) -> Verdict:
    """The worst finding decides; no finding at all is *Fits*."""
    return _VERDICT[max((_RANK[finding.severity] for finding in findings), default=0)]


class NodeVerdict(msgspec.Struct, frozen=True, gc=False):
    """What would happen if the lifted VMs were dropped on ``node``.

    Memory in MiB; durations and pauses are (low, high) ranges, None when not known. Of several
    VMs the duration is that of all, the pause that of one. ``also_moves`` are keys of VMs that
    nobody lifted and that the cluster moves along; they are counted.
    """

    node: str
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    memory_total_mib: int | None = None
    memory_before_mib: int | None = None  # committed now
    memory_after_mib: int | None = None
    survives_node_loss: bool | None = None
    queue_position: int | None = None
    duration_s: tuple[float, float] | None = None
    pause_ms: tuple[float, float] | None = None
    quick_duration_s: tuple[float, float] | None = None
    quick_pause_ms: tuple[float, float] | None = None
    also_moves: tuple[str, ...] = ()
