"""The order in which operations wait, told again from their lines after a restart."""

from collections.abc import Sequence

from console.worker.journal_lines import Line, Reordered


def in_queue_order(histories: Sequence[list[Line]]) -> list[list[Line]]:
    """These waiting operations, oldest first, with every change of places made again.

    What a change put an operation before may be over by now: it goes before the first of the
    rest, which is where it stood.
    """
    ordered = list(histories)
    changes = sorted(
        (line.body.number, line.operation_id, line.body.ahead_of)
        for lines in histories
        for line in lines
        if isinstance(line.body, Reordered)
    )
    for _, name, ahead_of in changes:
        at = next(i for i, lines in enumerate(ordered) if lines[0].operation_id == name)
        moved = ordered.pop(at)
        behind = [i for i, lines in enumerate(ordered) if lines[0].operation_id in ahead_of]
        ordered.insert(behind[0] if behind else at, moved)
    return ordered


def last_change(histories: Sequence[list[Line]]) -> int:
    """The greatest number of a change of places; 0 if there was none."""
    return max(
        (
            line.body.number
            for lines in histories
            for line in lines
            if isinstance(line.body, Reordered)
        ),
        default=0,
    )
