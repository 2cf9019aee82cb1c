"""A plan, and what became of it, as documents to hand on: Markdown and CSV."""

import time
from collections.abc import Sequence

from console.model.outlook import Outlook
from console.planning.afterwards import Afterwards
from console.ui.models import plan_words as words
from console.ui.models.csv_text import csv_text as as_csv
from console.ui.models.markdown import cell
from console.ui.models.plan_actual_words import COLUMNS as ACTUAL_COLUMNS
from console.ui.models.plan_actual_words import headline as actual_headline
from console.ui.models.plan_actual_words import rows as actual_rows
from console.ui.models.vm_columns import memory_text
from console.ui.plain_text import one_line

COLUMNS = (
    "Step", "VM", "Memory", "From", "To", "Method", "Starts", "Ends", "N+1 then", "Judged",
    "What to know",
)  # fmt: skip
_MOST_NODES = 16  # more do not fit on a page beside each other


def markdown(outlook: Outlook) -> str:
    """The whole plan; names from outside cannot break its tables."""
    judged = time.strftime("%Y-%m-%d %H:%M", time.localtime(outlook.judged_at))
    lines = [f"# {cell(words.headline(outlook))}", ""]
    lines += [f"Cluster {cell(outlook.plan.cluster)}, judged {judged}.", ""]
    told = (
        words.trouble_text(outlook),
        words.spread_text(outlook),
        words.reserve_text(outlook),
    )
    lines += [line for text in told if text for line in (cell(text), "")]
    lines += [f"- {cell(note)}" for note in words.notes_of_all(outlook)]
    lines += ["", *_table(COLUMNS, rows(outlook))]
    if outlook.steps and len(outlook.nodes) <= _MOST_NODES:
        titles = ("Memory in use after step", *(room.node for room in outlook.nodes))
        lines += ["", *_table(titles, _memory_rows(outlook))]
    if outlook.stays:
        behind = [(vm.vm_name, vm.why, vm.fix) for vm in outlook.stays]
        lines += ["", *_table(words.STAY_COLUMNS, behind)]
    return "\n".join([*lines, "", cell(words.what_next(outlook)), ""])


def csv_text(outlook: Outlook) -> str:
    """A row a step, with the memory in use on every node after it in GiB; then who stays."""
    nodes = [f"{room.node} in use (GiB)" for room in outlook.nodes]
    lines: list[Sequence[object]] = [(*COLUMNS, *nodes)]
    for cells, step in zip(rows(outlook), outlook.steps, strict=True):
        used = ("" if mib is None else f"{mib / 1024:.1f}" for mib in step.used_mib)
        lines.append((*cells, *used))
    for vm in outlook.stays:
        blanks = [""] * (len(COLUMNS) - 5)
        lines.append(("stays", vm.vm_name, "", outlook.plan.node, *blanks, f"{vm.why} {vm.fix}"))
    return _csv(lines)


def rows(outlook: Outlook) -> list[tuple[str, ...]]:
    """The moves in order, a row of ``COLUMNS`` each."""
    shared = words.notes_of_all(outlook)
    return [
        (
            str(number),
            step.move.vm_name,
            "0 GiB" if step.memory_mib == 0 else memory_text(step.memory_mib),
            step.move.source,
            step.move.target,
            words.method_text(step),
            words.moment_text(step.starts_s),
            words.moment_text(step.ends_s),
            words.RESERVE_WORDS[step.survives_node_loss],
            words.verdict_word(step),
            words.know_text(step, shared),
        )
        for number, step in enumerate(outlook.steps, start=1)
    ]


def actual_markdown(afterwards: Afterwards, title: str) -> str:
    lines = [
        f"# {cell(title)}: promised and done",
        "",
        cell(actual_headline(afterwards)),
        "",
    ]
    return "\n".join([*lines, *_table(ACTUAL_COLUMNS, actual_rows(afterwards)), ""])


def actual_csv(afterwards: Afterwards) -> str:
    return _csv([ACTUAL_COLUMNS, *actual_rows(afterwards)])


def _memory_rows(outlook: Outlook) -> list[tuple[str, ...]]:
    totals = [room.total_mib for room in outlook.nodes]
    before = ("before", *map(_percent, (room.used_mib for room in outlook.nodes), totals))
    return [
        before,
        *(
            (str(number), *map(_percent, step.used_mib, totals))
            for number, step in enumerate(outlook.steps, start=1)
        ),
    ]


def _percent(used: int | None, total: int | None) -> str:
    return "?" if used is None or not total else f"{used / total * 100:.0f} %"


def _csv(lines: Sequence[Sequence[object]]) -> str:
    titles, *rows = ([one_line(str(cell)) for cell in line] for line in lines)
    return as_csv(titles, rows)


def _table(titles: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    def line(row: Sequence[str]) -> str:
        return "| " + " | ".join(map(cell, row)) + " |"

    return [line(titles), "|" + " --- |" * len(titles), *map(line, lines)]
