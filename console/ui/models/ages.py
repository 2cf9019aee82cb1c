"""How old something is, in words."""

from datetime import datetime


def age_text(read_at: float | None, now: float) -> str:
    """Both in wall-clock seconds; what was never read is said so."""
    if read_at is None:
        return "never read"
    seconds = max(0, int(now - read_at))
    if seconds < 60:
        return f"{seconds} s ago"
    if seconds < 3600:
        return f"{seconds // 60} min ago"
    return datetime.fromtimestamp(read_at).strftime("%d %b %H:%M")
