"""Packed columns of a fleet, and profiles that cover one."""

import msgspec
import pytest

from console.model.connection import (
    ArmEndpoint,
    ClusterEndpoint,
    ConnectionKind,
    ConnectionProfile,
    FleetScope,
    SiteEndpoints,
    complaints,
    site_profile,
)
from console.model.fleet import (
    FleetPart,
    pack_numbers,
    pack_texts,
    unpack_numbers,
    unpack_part,
    unpack_texts,
)

AZURE = ArmEndpoint("https://management.azure.com")
ARM_ID = "/subscriptions/s/resourcegroups/g/providers/microsoft.azurestackhci/clusters/c"


@pytest.mark.parametrize("texts", [[], [""], ["a"], ["a", "", "ü 💥"], ["a\nb", "c"], ["\n"]])
def test_texts_come_back_line_by_line(texts: list[str]) -> None:
    packed = pack_texts(texts)
    assert unpack_texts(packed, len(texts)) == [text.replace("\n", " ") for text in texts]


def test_half_letters_do_not_stop_a_column() -> None:
    assert len(unpack_texts(pack_texts(["a\ud800", "b"]), 2)) == 2


def test_numbers_come_back() -> None:
    values = [0, 1, 0xFFFF_FFFF]
    assert list(unpack_numbers(pack_numbers(values))) == values


@pytest.mark.parametrize(
    "part",
    [
        FleetPart("g", 2, first=0, count=2, columns={"name": b"one"}),
        FleetPart("g", 2, first=0, count=2, columns={"level": b"1"}),
        FleetPart("g", 2, first=0, count=2, columns={"power": b"123"}),
        FleetPart("g", 2, first=1, count=2, columns={"level": b"12"}),
        FleetPart("g", 2, slots=pack_numbers([7]), columns={"level": b"1"}),
        FleetPart("g", 2, first=0, count=1, columns={"name": b"\xff"}),
    ],
)
def test_a_part_that_does_not_fit_together_is_refused(part: FleetPart) -> None:
    with pytest.raises(ValueError, match=r"."):
        unpack_part(part)


def _profile(**changes: object) -> ConnectionProfile:
    nodes = ClusterEndpoint({"n1": "n1.example.com"})
    parts: dict[str, object] = {
        "id": "prod",
        "name": "Production",
        "kind": ConnectionKind.AZURE_LOCAL,
        "fleet": FleetScope("prod", AZURE, {ARM_ID: SiteEndpoints(AZURE, nodes)}),
        **changes,
    }
    return ConnectionProfile(**parts)  # type: ignore[arg-type]


def test_a_fleet_alone_is_a_profile_and_each_of_its_clusters_another() -> None:
    profile = _profile()
    assert complaints(profile) == ()
    site = site_profile(profile, ARM_ID, "c")
    assert complaints(site) == ()
    assert (site.arm, site.fleet) == (AZURE, None)  # the fleet is read on in its own tab
    assert site.id == site_profile(profile, ARM_ID, "renamed").id != profile.id
    with pytest.raises(KeyError):
        site_profile(profile, "/subscriptions/s/unknown", "c")
    assert msgspec.json.decode(msgspec.json.encode(site), type=ConnectionProfile) == site


def test_a_long_id_still_makes_an_id_of_a_cluster() -> None:
    long = "a" * 48
    fleet = FleetScope(long, AZURE, {ARM_ID: SiteEndpoints(AZURE)})
    assert complaints(site_profile(_profile(id=long, fleet=fleet), ARM_ID, "c")) == ()


def test_what_is_wrong_with_a_fleets_addresses_is_said() -> None:
    assert complaints(_profile(fleet=FleetScope("prod", ArmEndpoint("http://plain"))))
    bad = SiteEndpoints(AZURE, ClusterEndpoint({}))
    assert complaints(_profile(fleet=FleetScope("prod", AZURE, {ARM_ID: bad})))
