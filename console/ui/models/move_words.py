"""What a move would come to, in words: for the map, the chooser, the sheet and a screen reader."""

from collections.abc import Iterable, Sequence

from console.model.finding import Finding, NodeVerdict, Severity, Verdict

MARKS = {
    Severity.FINE: "✓",
    Severity.NOTE: "ℹ",
    Severity.WAITS: "◷",
    Severity.UNKNOWN: "?",
    Severity.BLOCKS: "✕",
}
NOTHING_AGAINST = "Nothing against it."
_JUST_NOW_S = 2.0


def outlook_text(verdict: NodeVerdict) -> str:
    """Memory before and after, whether any one node may still fail (N+1), how long: one line."""
    words = []
    if verdict.memory_before_mib is not None and verdict.memory_after_mib is not None:
        before, after = verdict.memory_before_mib // 1024, verdict.memory_after_mib // 1024
        words.append(f"{before} → {after} GiB")
    if verdict.survives_node_loss is not None and verdict.verdict is not Verdict.CANNOT:
        words.append("N+1 kept" if verdict.survives_node_loss else "N+1 lost")
    if verdict.duration_s is not None:
        words.append(f"about {seconds_range(verdict.duration_s)}")
    if verdict.pause_ms is not None and verdict.verdict is not Verdict.CANNOT:
        words.append(f"pause {pause_range(verdict.pause_ms)}")
    if verdict.queue_position is not None:
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


def brief_lines(findings: Sequence[Finding], most: int) -> list[str]:
    """The worst findings, one line each and its remedy; says how many are left out."""
    lines = []
    for finding in findings[:most]:
        lines.append(f"{MARKS.get(finding.severity, '•')} {finding.text}")
        if finding.remedy:
            lines.append(f"    {finding.remedy}")
    if len(findings) > most:
        lines.append(f"… and {len(findings) - most} more")
    return lines


def whole_lines(findings: Iterable[Finding]) -> list[str]:
    """Every finding with what to do, what it was seen from, and the document it rests on."""
    lines = []
    for finding in findings:
        lines.append(f"{MARKS.get(finding.severity, '•')} {finding.text}")
        lines += [f"    What to do: {finding.remedy}"] if finding.remedy else []
        lines += [f"    Seen: {finding.evidence}"] if finding.evidence else []
        lines += [f"    Source: {finding.source}"] if finding.source else []
    return lines


def spoken_verdict(what: str, verdict: NodeVerdict, checked: str = "", *, most: int = 3) -> str:
    """A node's answer as a screen reader says it: the verdict, its reasons, its figures."""
    reasons = " ".join(finding.text for finding in verdict.findings[:most])
    more = f" And {len(verdict.findings) - most} more." if len(verdict.findings) > most else ""
    figures = outlook_text(verdict).replace("  ·  ", ", ").replace("→", "to")
    parts = [f"{what} to {verdict.node}: {verdict.verdict}.", reasons + more, f"{figures}."]
    if checked:
        parts.append(f"{checked.capitalize()}.")
    return " ".join(part for part in parts if part.strip())
