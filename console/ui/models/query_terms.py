"""The language of a search line: free words and ``field:value``, as typed. No Qt.

``sql 017`` finds what has both anywhere; ``health:critical owner:erp -node:N2`` narrows by columns;
``cluster:"site-017"`` is exactly that word. What a field holds, each list says for itself.
"""

import re
from collections.abc import Mapping

import msgspec

_TERM = re.compile(r'(-?)(?:([a-z]+):)?(?:"([^"]*)"?|(\S+))', re.IGNORECASE)


class Term(msgspec.Struct, frozen=True):
    """``column`` empty: anywhere. ``is_exact``: the whole word, not a part of it."""

    column: str
    value: str  # folded
    is_exact: bool = False
    is_not: bool = False
    text: str = ""  # as typed


class Query(msgspec.Struct, frozen=True):
    """All terms must hold. ``unknown``: fields that there are not, which find nothing."""

    terms: tuple[Term, ...] = ()
    unknown: tuple[str, ...] = ()

    def narrows(self, other: "Query") -> bool:
        """Whether everything that this finds, the other finds too: typing went on."""
        if self.unknown or other.unknown or len(self.terms) < len(other.terms):
            return False
        return all(
            mine == theirs
            or (
                mine.column == theirs.column
                and not (mine.is_not or theirs.is_not or mine.is_exact or theirs.is_exact)
                and mine.column != "level"
                and theirs.value in mine.value
            )
            for mine, theirs in zip(self.terms, other.terms, strict=False)
        )


def parse(text: str, fields: Mapping[str, str]) -> Query:
    """``fields``: column by the name that is typed. Never fails: what is no field is looked for."""
    terms: list[Term] = []
    unknown: list[str] = []
    for found in _TERM.finditer(text):
        minus, field, quoted, word = found.groups()
        value = (quoted if quoted is not None else word or "").casefold()
        if field is None:
            terms += _free(minus, value, found[0])
        elif field.lower() not in fields:
            unknown.append(field)
        elif value or quoted is not None:
            column = fields[field.lower()]
            terms.append(Term(column, value, quoted is not None, bool(minus), found[0]))
    return Query(tuple(terms), tuple(unknown))


def _free(minus: str, value: str, text: str) -> list[Term]:
    if value.startswith("/subscriptions/"):
        # An ARM id, as pasted from anywhere: its group and its name.
        parts = value.strip("/").split("/")
        words = [parts[3], parts[7]] if len(parts) > 7 else parts[-1:]
        return [Term("", word, text=text) for word in words]
    if not value and minus:
        return []
    # A name may begin with a dash: only a field is negated.
    return [Term("", minus + value, text=text)] if value else []
