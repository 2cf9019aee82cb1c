"""What is typed to find VMs of a fleet, and what it finds."""

import pytest

from console.model.fleet import unpack_part
from console.ui.models.fleet_columns import COLUMNS
from console.ui.models.fleet_csv import fleet_csv
from console.ui.models.fleet_facts import FleetFacts
from console.ui.models.fleet_query import finds, parse
from tests.fleet_sample import fleet_snapshot


@pytest.fixture(scope="module")
def facts() -> FleetFacts:
    snapshot = fleet_snapshot()
    values, found = unpack_part(snapshot.part), FleetFacts()
    for name, column in values.columns.items():
        if name == "level":
            found.levels = bytearray(column)  # type: ignore[arg-type]
        elif name in found.texts:
            found.texts[name] = column  # type: ignore[assignment]
        else:
            found.numbers[name] = column  # type: ignore[assignment]
    found.words = {name: list(values.words.get(name, (0, ()))[1]) for name in found.words}
    found.clusters = {one.arm_id: one for one in snapshot.clusters}
    found.readings, found.haystacks = snapshot.readings, [""] * len(found.levels)
    return found


def _names(facts: FleetFacts, text: str) -> set[str]:
    return {facts.texts["name"][slot] for slot in _find(facts, text)}


def _find(facts: FleetFacts, text: str) -> set[int]:
    return finds(facts, parse(text), range(len(facts.levels)))


def test_free_words_are_looked_for_everywhere_and_all_must_be_there(facts: FleetFacts) -> None:
    slot = 42
    name, address = facts.texts["name"][slot], facts.texts["address"][slot]
    for text in (name, name.upper(), f"{name} {address}", facts.texts["vm_id"][slot]):
        assert slot in _find(facts, text)
    assert _names(facts, f"{name} nobody-has-this") == set()
    assert slot in _find(facts, facts.word("user", slot))
    assert slot in _find(facts, f"{facts.word('node', slot)} {name}")
    assert _find(facts, facts.arm_id(slot)) == {slot}


@pytest.mark.parametrize(
    ("text", "column", "word"),
    [
        ("owner:erp", "owner", "erp"),
        ('owner:"erp"', "owner", "erp"),
        ("state:paused", "power", "Paused"),
        ("tag:ring=2", "tags", "ring=2"),
        ("os:linux", "os", "Linux"),
        ("provisioning:failed", "provisioning", "Failed"),
    ],
)
def test_a_field_narrows_by_its_column(
    facts: FleetFacts, text: str, column: str, word: str
) -> None:
    found = _find(facts, text)
    everything = range(len(facts.levels))
    assert found == {slot for slot in everything if word in facts.word(column, slot)}
    assert found
    assert _find(facts, f"-{text}") == set(everything) - found


def test_an_exact_word_is_not_a_part_of_another(facts: FleetFacts) -> None:
    assert len(_find(facts, "cluster:site-01")) > len(_find(facts, 'cluster:"site-010"')) > 0
    assert _find(facts, 'cluster:"site-01"') == set()
    arm_id = next(iter(facts.clusters))
    name = facts.name_of_cluster(arm_id)
    assert _find(facts, f'cluster:"{arm_id}"') == _find(facts, f'cluster:"{name}"')


def test_health_is_asked_for_by_plain_words(facts: FleetFacts) -> None:
    red = _find(facts, "health:red")
    assert red == _find(facts, "health:critical") == _find(facts, 'health:"Critical"')
    assert red < _find(facts, "health:notable")
    assert {facts.level(slot).name for slot in red} == {"CRITICAL"}


def test_not_trusted_launch_is_what_is_not_that(facts: FleetFacts) -> None:
    found = _find(facts, "-security:TrustedLaunch")
    assert {facts.word("security", slot) for slot in found} == {"Standard"}


def test_a_field_that_there_is_not_finds_nothing_and_is_named(facts: FleetFacts) -> None:
    query = parse("colour:red sql")
    assert query.unknown == ("colour",)
    assert finds(facts, query, range(len(facts.levels))) == set()


@pytest.mark.parametrize("text", ['"', "-", ":", "a:", '":"', "health:", "-owner:", "💥 \\ [", " "])
def test_nonsense_is_no_error(facts: FleetFacts, text: str) -> None:
    finds(facts, parse(text), range(len(facts.levels)))


@pytest.mark.parametrize(
    ("longer", "shorter", "narrows"),
    [
        ("sql-0", "sql", True),
        ("sql red", "sql", True),
        ("sql", "sql-0", False),
        ("owner:erp", "owner:er", True),
        ("-owner:erp", "-owner:er", False),
        ("health:critical", "health:c", False),
        ('owner:"erp"', "owner:erp", False),
    ],
)
def test_typing_on_looks_only_at_what_was_found(longer: str, shorter: str, narrows: bool) -> None:
    assert parse(longer).narrows(parse(shorter)) is narrows


def test_csv_holds_every_row_and_runs_nothing(facts: FleetFacts) -> None:
    still = facts.copy()
    still.texts["name"][0] = "=cmd|' /C calc'!A0"
    lines = fleet_csv(still, range(3), COLUMNS[:2]).splitlines()
    assert len(lines) == 4
    assert lines[0] == "Name,Health,ARM id,Read at"
    assert lines[1].startswith("'=cmd|")
    assert facts.texts["name"][1] in lines[2]
