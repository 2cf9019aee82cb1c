"""What a person types to find VMs of a fleet: free words and ``field:value``. No Qt.

``sql 017`` finds what has both anywhere; ``health:critical owner:erp -node:N2`` narrows by columns;
``cluster:"site-017"`` is exactly that word. A saved view is such a text, and so is a chip.
"""

from array import array
from collections.abc import Callable, Iterator, Sequence

from console.health.fleet import LEVELS
from console.model.fleet import NO_LEVEL
from console.ui.models import query_terms
from console.ui.models.fleet_facts import FleetFacts
from console.ui.models.query_terms import Query, Term

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


def parse(text: str) -> Query:
    """Never fails: what is no field is looked for as it stands."""
    return query_terms.parse(text, FIELDS)


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
