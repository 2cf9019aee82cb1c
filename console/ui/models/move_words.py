"""What a move would come to, in words: for the map, the chooser, the sheet and a screen reader."""

from typing import Protocol

from console.model.finding import Finding, NodeVerdict, Severity, Verdict
from console.model.operation import OperationRecord, OperationState, stalled_since
from console.model.request import MoveMethod

# A finding is drawn with the shape of the verdict that it leads to.
VERDICT_OF = {
    Severity.FINE: Verdict.FITS,
    Severity.NOTE: Verdict.FITS_WITH_NOTES,
    Severity.WAITS: Verdict.WAITS,
    Severity.UNKNOWN: Verdict.UNKNOWN,
    Severity.BLOCKS: Verdict.CANNOT,
}
NOTHING_AGAINST = "Nothing against it."
_JUST_NOW_S = 2.0


def outlook_text(verdict: NodeVerdict, method: MoveMethod = MoveMethod.LIVE) -> str:
    """Memory before and after, whether any one node may still fail (N+1), how long, how long the
    VM stands still: one line.
    """
    is_quick = method is MoveMethod.QUICK
    duration = verdict.quick_duration_s if is_quick else verdict.duration_s
    pause = verdict.quick_pause_ms if is_quick else verdict.pause_ms
    words = []
    if verdict.memory_before_mib is not None and verdict.memory_after_mib is not None:
        before, after = verdict.memory_before_mib // 1024, verdict.memory_after_mib // 1024
        words.append(f"{before} → {after} GiB")
    if verdict.survives_node_loss is not None and verdict.verdict is not Verdict.CANNOT:
        words.append("N+1 kept" if verdict.survives_node_loss else "N+1 lost")
    if duration is not None:
        words.append(f"about {seconds_range(duration)}")
    if pause is not None and verdict.verdict is not Verdict.CANNOT:
        words.append(f"pause {pause_range(pause)}")
    if verdict.also_moves:
        words.append(f"{len(verdict.also_moves)} more move along")
    if verdict.queue_position is not None and not is_quick:
        words.append(f"place {verdict.queue_position} in the queue")
    return "  ·  ".join(words) or "No figures known"


def seconds_range(of: tuple[float, float]) -> str:
    """12–40 s, 2–5 min: as coarse as such a guess is."""
    low, high = of
    if high < 120:
        return _range(f"{low:.0f}", f"{high:.0f}", "s")
    return _range(f"{low / 60:.0f}", f"{high / 60:.0f}", "min")


def pause_range(of: tuple[float, float]) -> str:
    """A pause from milliseconds: 50–300 ms, 0.4–2.0 s, 20–60 s."""
    low, high = of
    if high < 1000:
        return _range(f"{low:.0f}", f"{high:.0f}", "ms")
    if high < 10_000:
        return _range(f"{low / 1000:.1f}", f"{high / 1000:.1f}", "s")
    return seconds_range((low / 1000, high / 1000))


def _range(low: str, high: str, unit: str) -> str:
    return f"{low} {unit}" if low == high else f"{low}–{high} {unit}"


def checked_text(
    live_at: float | None, read_at: float | None, now: float, *, is_asking: bool = False
) -> str:
    """How old the word is that a verdict rests on; both moments in wall-clock seconds."""
    if live_at is not None:
        age = now - live_at
        return "checked just now" if age < _JUST_NOW_S else f"checked {age:.0f} s ago"
    asking = "; asking the cluster…" if is_asking else ""
    if read_at is None:
        return f"nothing was read yet{asking}"
    age = max(0, int(now - read_at))
    old = f"{age} s" if age < 120 else f"{age // 60} min"
    return f"from the last reading, {old} old{asking}"


def details_of(finding: Finding, *, is_whole: bool) -> tuple[str, ...]:
    """What stands under a finding: what to do; of the whole list also what it was seen from and
    the document it rests on.
    """
    if not is_whole:
        return (finding.remedy,) if finding.remedy else ()
    rows = (("What to do", finding.remedy), ("Seen", finding.evidence), ("Source", finding.source))
    return tuple(f"{word}: {text}" for word, text in rows if text)


def spoken_verdict(
    what: str,
    verdict: NodeVerdict,
    checked: str = "",
    *,
    most: int = 3,
    method: MoveMethod = MoveMethod.LIVE,
) -> str:
    """A node's answer as a screen reader says it: the verdict, its reasons, its figures."""
    reasons = " ".join(finding.text for finding in verdict.findings[:most])
    more = f" And {len(verdict.findings) - most} more." if len(verdict.findings) > most else ""
    figures = outlook_text(verdict, method).replace("  ·  ", ", ").replace("→", "to")
    parts = [f"{what} to {verdict.node}: {verdict.verdict}.", reasons + more, f"{figures}."]
    if checked:
        parts.append(f"{checked.capitalize()}.")
    return " ".join(part for part in parts if part.strip())


# Phases of a move: a word for a tile, and what it says in full.
PHASES = {
    "waits": "waits for its turn",
    "check": "being checked once more",
    "setup": "setting up",
    "copies": "copying memory",
    "switch": "switching over",
    "tidy": "tidying up; it runs on the target",
    "verify": "looking whether all is as before",
    "stops": "being cancelled",
    "stalled": "stalled: no progress",
    "unknown": "not known, looking",
    "moves": "moving",
}
_OF_WIRE = {
    "queued": "waits",
    "setup": "setup",
    "memory": "copies",
    "blackout": "switch",
    "cleanup": "tidy",
}
_OF_STATE = {
    OperationState.QUEUED: "waits",
    OperationState.CHECKING: "check",
    OperationState.VERIFYING: "verify",
    OperationState.UNKNOWN: "unknown",
}


def phase_of(word: str) -> str:
    """A phase by the cluster's word for it; one it does not tell is just "moves"."""
    return _OF_WIRE.get(word.casefold(), "moves")


def phase_of_record(record: OperationRecord) -> str:
    """Where this console's own move stands."""
    if record.state in _OF_STATE:
        is_asked = record.cancel_requested and record.state is not OperationState.UNKNOWN
        return "stops" if is_asked else _OF_STATE[record.state]
    if record.cancel_requested:
        return "stops"
    if stalled_since(record) is not None:
        return "stalled"
    return phase_of(record.progress.phase) if record.progress is not None else "moves"


class MoveSeen(Protocol):
    """A move as the map knows it (``views.map_placement.Move``)."""

    @property
    def target(self) -> str: ...
    @property
    def fraction(self) -> float | None: ...
    @property
    def phase(self) -> str: ...
    @property
    def position(self) -> int | None: ...
    @property
    def is_troubled(self) -> bool: ...


def tile_figure(move: MoveSeen) -> str:
    """How far it is in a word or a figure: there is room for seven letters."""
    if move.phase == "waits" and move.position:
        return ordinal(move.position)
    if move.phase in ("copies", "moves") and move.fraction is not None:
        return f"{'! ' if move.is_troubled else ''}{move.fraction * 100:.0f} %"
    return move.phase


def spoken_move(move: MoveSeen) -> str:
    """Moving to LAB-N2: copying memory, 42 percent."""
    words = PHASES.get(move.phase, move.phase)
    if move.phase == "waits" and move.position:
        words += f", {ordinal(move.position)} in line"
    elif move.fraction is not None:
        words += f", {move.fraction * 100:.0f} percent"
        words += ", not getting ahead" if move.is_troubled else ""
    return f"moving to {move.target}: {words}"


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 11th."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10)
    return f"{number}{ending or 'th'}"
