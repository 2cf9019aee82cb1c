"""What happened to one VM or node: both planes' changes and our operations in one line of time."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from console.model.change import Change
from console.model.operation import OperationRecord


def timeline_text(
    subject: str,
    changes: Sequence[Change] | None,
    records: Iterable[OperationRecord],
    back_to: float | None,
) -> str:
    """The newest first. ``changes`` None: the stored past was not read yet."""
    kind, _, name = subject.partition(":")
    field = "vm_key" if kind == "vm" else "node"
    lines = [
        (
            record.created_at,
            f"{record.title}: {record.state}, asked for by {record.actor or 'somebody'}"
            + (f"\n    {record.result}" if record.result else ""),
        )
        for record in records
        if getattr(record.request, field, None) == name
    ]
    lines += [(each.at, f"{each.text}  (seen by {each.plane})") for each in changes or ()]
    lines.sort(key=lambda line: line[0], reverse=True)
    text = "\n".join(f"{_moment(at)}  {words}" for at, words in lines)
    if changes is None:
        end = "What is stored of the past was not read yet."
    elif back_to is None:
        end = "No past is stored yet: look again in a few minutes."
    else:
        end = f"The stored past begins at {_moment(back_to)}."
    return f"{text}\n\n{end}" if text else f"Nothing changed that is known.\n\n{end}"


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at).strftime("%d %b %H:%M")
