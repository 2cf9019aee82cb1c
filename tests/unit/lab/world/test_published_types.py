"""Every body that the world answers, against Microsoft's published types (closed enums)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from console.lab.world.clock import MovableClock
from console.lab.world.scenarios import make_site
from console.lab.world.site import Site
from tests.unit.lab.world import test_azure_plane as azure

_FILES = (
    "azurestackhci_1/microsoft.azurestackhci/2025-06-01-preview",
    "azurestackhci_0/microsoft.azurestackhci/2026-04-30",
    "hybridcompute/microsoft.hybridcompute/2025-01-13",
    "hybridcompute/microsoft.hybridcompute/2026-07-15",
    "extendedlocation/microsoft.extendedlocation/2021-08-15",
)
_PLAIN = {"StringType": str, "IntegerType": int, "BooleanType": bool}
Types = list[dict[str, Any]]


@pytest.fixture(scope="module")
def published(specs: Path) -> dict[str, list[tuple[Types, dict[str, Any]]]]:
    """Lower-case resource type -> the types of its file and its body type, for each version."""
    found: dict[str, list[tuple[Types, dict[str, Any]]]] = {}
    for file in _FILES:
        text = (specs / "arm/bicep-types-az/generated" / file / "types.json").read_text()
        types: Types = json.loads(text)
        for one in types:
            if one["$type"] == "ResourceType":
                name = one["name"].split("@")[0].lower()
                found.setdefault(name, []).append((types, _of(types, one["body"])))
    return found


def _of(types: Types, reference: dict[str, str]) -> dict[str, Any]:
    return types[int(reference["$ref"].rsplit("/", 1)[1])]


def _wrong(types: Types, wanted: dict[str, Any], value: Any, path: str) -> Iterator[str]:
    kind = wanted["$type"]
    if kind == "ObjectType":
        yield from _wrong_object(types, wanted, value, path)
    elif kind == "ArrayType":
        for number, item in enumerate(value if isinstance(value, list) else [None]):
            yield from _wrong(types, _of(types, wanted["itemType"]), item, f"{path}[{number}]")
    elif kind == "StringLiteralType" and value != wanted["value"]:
        yield f"{path}: {value!r} is not {wanted['value']!r}"
    elif kind == "UnionType":
        elements = [_of(types, element) for element in wanted["elements"]]
        words = [e["value"] for e in elements if e["$type"] == "StringLiteralType"]
        if words and value not in words:
            yield f"{path}: {value!r} is not among {words}"
    elif kind in _PLAIN and (
        not isinstance(value, _PLAIN[kind]) or (kind == "IntegerType" and isinstance(value, bool))
    ):
        yield f"{path}: {value!r} is not of {kind}"


def _wrong_object(types: Types, wanted: dict[str, Any], value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: {value!r} is not an object"
        return
    properties = wanted.get("properties", {})
    for name, item in value.items():
        if name in properties:
            if properties[name].get("flags", 0) & 4:
                yield f"{path}.{name}: is write-only"
            yield from _wrong(types, _of(types, properties[name]["type"]), item, f"{path}.{name}")
        elif "additionalProperties" in wanted:
            extra = _of(types, wanted["additionalProperties"])
            yield from _wrong(types, extra, item, f"{path}.{name}")
        else:
            yield f"{path}.{name}: is not published"
    for name, facts in properties.items():
        if facts.get("flags", 0) & 1 and name not in value:
            yield f"{path}.{name}: is missing"


def _all_wrong(site: Site, published: Any) -> tuple[set[str], int]:
    complaints, checked = set(), 0
    for resource in list(site.resources.values()):
        answered = site.get_resource(resource.id)
        assert answered is not None
        for types, body in published.get(resource.type.lower(), ()):
            checked += 1
            complaints |= set(_wrong(types, body, answered.body, resource.type.rsplit("/")[-1]))
    return complaints, checked


@pytest.mark.parametrize("scenario", ["small", "degraded", "empty"])
def test_bodies_of_scenarios(scenario: str, published: Any) -> None:
    complaints, checked = _all_wrong(make_site(scenario, MovableClock()), published)
    assert complaints == set()
    assert checked > 10


def test_bodies_while_things_are_made_and_when_they_failed(published: Any) -> None:
    clock = MovableClock()
    site = make_site("empty", clock)

    def pass_time(seconds: float) -> None:
        clock.advance(seconds)
        with site.look():
            pass

    site.faults.creation_fails_at("Agent")
    azure.create(site, pass_time)
    for _ in range(30):
        complaints, _ = _all_wrong(site, published)
        assert complaints == set()
        pass_time(1)


def test_the_check_can_fail(published: Any) -> None:
    site = make_site("empty", MovableClock())
    found = site.resources[site.settings.cluster_arm_id.lower()]
    found.body = {**found.body, "colour": "red", "location": 5}
    complaints, _ = _all_wrong(site, published)
    assert complaints == {
        "clusters.colour: is not published",
        "clusters.location: 5 is not of StringType",
    }
