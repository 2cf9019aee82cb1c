"""What a person types to find VMs of a fleet: free words and ``field:value``. No Qt.

``sql 017`` finds what has both anywhere; ``health:critical owner:erp -node:N2`` narrows by columns;
``cluster:"site-017"`` is exactly that word. A saved view is such a text, and so is a chip.
"""

import re
from array import array
from collections.abc import Callable, Iterator, Sequence

import msgspec

from console.health.fleet import LEVELS
from console.model.fleet import NO_LEVEL
from console.ui.models.fleet_facts import FleetFacts

# Rows looked at between two looks at the clock: about a millisecond.
STEP = 3_000
FIELDS = {
    "name": "name",
    "address": "address",
    "ip": "address",
    "id": "vm_id",
    "cluster": "cluster",
    "site": "cluster",
    "subscription": "subscription",
    "group": "group",
    "node": "node",
    "state": "power",
    "power": "power",
    "provisioning": "provisioning",
    "security": "security",
    "secureboot": "secure_boot",
    "vtpm": "vtpm",
    "agent": "agent",
    "error": "error",
    "owner": "owner",
    "tag": "tags",
    "user": "user",
    "os": "os",
    "health": "level",
}
_LEVEL_WORDS = {
    "red": ("Critical",),
    "critical": ("Critical",),
    "attention": ("Needs attention",),
    "unknown": ("Not known",),
    "off": ("Off",),
    "green": ("Healthy",),
    "healthy": ("Healthy",),
    "notable": ("Critical", "Needs attention", "Not known"),
}
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


def parse(text: str) -> Query:
    """Never fails: what is no field is looked for as it stands."""
    terms: list[Term] = []
    unknown: list[str] = []
    for found in _TERM.finditer(text):
        minus, field, quoted, word = found.groups()
        value = (quoted if quoted is not None else word or "").casefold()
        if field is None:
            terms += _free(minus, value, found[0])
        elif field.lower() not in FIELDS:
            unknown.append(field)
        elif value or quoted is not None:
            column = FIELDS[field.lower()]
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


def search(
    store: FleetFacts, query: Query, slots: Sequence[int], found: "array[int]"
) -> Iterator[None]:
    """Append the slots that the query finds, in their order, with rests for the event loop."""
    if query.unknown:
        return
    tests = compiled(store, query)
    for start in range(0, len(slots), STEP):
        some: Sequence[int] = slots[start : start + STEP]
        for test in tests:
            some = test(some)
            if not some:
                break
        found.extend(some)
        yield


def finds(store: FleetFacts, query: Query, slots: Sequence[int]) -> set[int]:
    """Which of a few slots the query finds, now."""
    return set() if query.unknown else passing(compiled(store, query), slots)


def passing(tests: "list[Test]", slots: Sequence[int]) -> set[int]:
    """Which of a few slots pass all of these."""
    some = slots
    for test in tests:
        some = test(some)
    return set(some)


Test = Callable[[Sequence[int]], Sequence[int]]


def compiled(store: FleetFacts, query: Query) -> list[Test]:
    """The query's terms over the columns as they are: until words join or all is replaced."""
    levels = store.levels
    tests: list[Test] = [lambda some: [slot for slot in some if levels[slot] != NO_LEVEL]]
    # Comparing numbers is cheaper than looking into text: those first.
    ordered = sorted(query.terms, key=lambda term: term.column in ("", *store.texts))
    return tests + [_test(store, term) for term in ordered]


def _test(store: FleetFacts, term: Term) -> Test:
    value, is_not = term.value, term.is_not
    if not term.column:
        haystacks, make = store.haystacks, store.haystack
        return lambda some: [slot for slot in some if value in (haystacks[slot] or make(slot))]
    if term.column in store.texts:
        texts = store.texts[term.column]
        if term.is_exact:
            return lambda some: [s for s in some if (texts[s].casefold() == value) != is_not]
        return lambda some: [s for s in some if (value in texts[s].casefold()) != is_not]
    if term.column == "level":
        column: Sequence[int] = store.levels
        codes = _level_codes(value)
    else:
        column = store.numbers[term.column]
        codes = _word_codes(store, term)
    if is_not:
        return lambda some: [slot for slot in some if column[slot] not in codes]
    return lambda some: [slot for slot in some if column[slot] in codes]


def _level_codes(value: str) -> frozenset[int]:
    words = _LEVEL_WORDS.get(value)
    return frozenset(
        at
        for at, level in enumerate(LEVELS)
        if (level.value in words if words else value in level.value.casefold())
    )


def _word_codes(store: FleetFacts, term: Term) -> frozenset[int]:
    words = store.words[term.column]
    if term.column == "cluster":
        names = [store.name_of_cluster(word) for word in words]
        # An id tells clusters of the same name apart.
        words = [f"{n}\n{w}" for n, w in zip(names, words, strict=True)] if term.is_exact else names
    elif term.column == "subscription":
        words = [f"{store.subscription_name(word)}\n{word}" for word in words]
    if term.is_exact:
        between = "; " if term.column == "tags" else "\n"
        return frozenset(
            at for at, word in enumerate(words) if term.value in word.casefold().split(between)
        )
    return frozenset(at for at, word in enumerate(words) if term.value in word.casefold())
