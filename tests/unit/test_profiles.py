"""Profiles on disk and from other people: strict, private, nothing of this computer."""

import json
import stat
from pathlib import Path

import msgspec
import pytest

from console import profiles
from console.catalog import clouds
from console.model.connection import (
    ArmEndpoint,
    ClusterEndpoint,
    ConnectionKind,
    ConnectionProfile,
    FleetScope,
    SignIn,
    SignInMethod,
    SiteEndpoints,
    complaints,
)

SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"
CLIENT = "11111111-0000-4000-8000-000000000001"


def profile(**changes: object) -> ConnectionProfile:
    whole = ConnectionProfile(
        "munich-1",
        "Munich",
        ConnectionKind.AZURE_LOCAL,
        ArmEndpoint(
            "https://management.azure.com",
            (SUBSCRIPTION,),
            "/home/me/ca.pem",
            cloud="public",
            sign_in=SignIn(
                SignInMethod.CERTIFICATE,
                "contoso.com",
                CLIENT,
                "/home/me/key.pem",
                "grace@contoso.com",
                '{"username": "grace"}',
            ),
        ),
        ClusterEndpoint(
            {"N1": "n1.contoso.com"}, ca_file="/home/me/ca.pem", auth="negotiate", allows_ntlm=True
        ),
    )
    return msgspec.structs.replace(whole, **changes)


def test_a_profile_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    profiles.save(tmp_path, profile())
    assert profiles.load_all(tmp_path) == ((profile(),), ())


def test_only_this_user_can_read_it(tmp_path: Path) -> None:
    profiles.save(tmp_path, profile())
    file = tmp_path / "profiles" / "munich-1.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    profiles.delete(tmp_path, "munich-1")
    assert profiles.load_all(tmp_path) == ((), ())


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"id": "munich-1"}',
        '{"id": "munich-1", "name": "x", "kind": "lab", "scenario": "small", "run": "calc.exe"}',
        '{"id": "other", "name": "x", "kind": "lab", "scenario": "small"}',
        '{"id": "munich-1", "name": "x", "kind": "lab", "scenario": "../../etc"}',
    ],
)
def test_a_file_that_cannot_be_used_is_named_and_left(tmp_path: Path, text: str) -> None:
    profiles.save(tmp_path, profile(id="good-1"))
    bad = tmp_path / "profiles" / "munich-1.json"
    bad.write_text(text)
    found, faults = profiles.load_all(tmp_path)
    assert [one.id for one in found] == ["good-1"]
    assert len(faults) == 1
    assert "munich-1.json" in faults[0].summary
    assert bad.read_text() == text


def test_what_is_handed_on_holds_nothing_of_this_computer(tmp_path: Path) -> None:
    text = profiles.shared((profile(),)).decode()
    for private in ("/home/me", "grace", "negotiate"):
        assert private not in text
    assert "n1.contoso.com" in text


def shared_file(folder: Path, change: dict[str, object], place: tuple[str, ...] = ()) -> Path:
    """A handed-on file with something changed in its profile."""
    whole = json.loads(profiles.shared((profile(),)))
    at = whole["profiles"][0]
    for part in place:
        at = at[part]
    at.update(change)
    path = folder / "given.tlc.json"
    path.write_text(json.dumps(whole))
    return path


def test_an_import_gets_a_new_id_and_no_file_account_or_ntlm(tmp_path: Path) -> None:
    path = shared_file(tmp_path, {"ca_file": "/etc/shadow", "allows_ntlm": True}, ("cluster",))
    (found,) = profiles.read_shared(path)
    assert found.id != "munich-1"
    assert found.cluster is not None
    assert found.cluster.ca_file == ""
    assert not found.cluster.allows_ntlm


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"program": "/bin/sh"}, ()),
        ({"command": "x"}, ("arm",)),
        ({"program": "x"}, ("arm", "sign_in")),
        ({"url": "http://management.azure.com"}, ("arm",)),
        ({"url": "https://user:word@management.azure.com"}, ("arm",)),
        ({"nodes": {"N1": "n1.contoso.com/../x"}}, ("cluster",)),
        ({"nodes": {"N1; calc": "n1"}}, ("cluster",)),
        ({"configuration_name": "../x"}, ("cluster",)),
        ({"auth": "credssp"}, ("cluster",)),
        ({"auth": "basic"}, ("cluster",)),
        ({"id": "../../.bashrc"}, ()),
        ({"name": "a\u202eb"}, ()),
    ],
)
def test_an_import_that_wants_more_than_data_is_refused(
    tmp_path: Path, change: dict[str, object], place: tuple[str, ...]
) -> None:
    with pytest.raises(profiles.ProfileError):
        profiles.read_shared(shared_file(tmp_path, change, place))


def test_an_import_cannot_say_where_to_sign_in_or_who_may_see_a_token(tmp_path: Path) -> None:
    evil = "https://login.evil.example"
    path = shared_file(
        tmp_path,
        {"authority": evil, "scope": evil + "/.default", "allowed_hosts": ["evil.example"]},
        ("arm",),
    )
    (found,) = profiles.read_shared(path)
    assert "evil" not in msgspec.json.encode(found).decode()


def test_a_fleet_is_handed_on_and_taken_in_with_the_same_care(tmp_path: Path) -> None:
    mine = profile()
    assert mine.arm is not None
    sites = {"/arm": SiteEndpoints(mine.arm, mine.cluster)}
    fleet = FleetScope(mine.id, mine.arm, sites)
    whole = msgspec.structs.replace(mine, arm=None, cluster=None, fleet=fleet)
    text = profiles.shared((whole,)).decode()
    for private in ("/home/me", "grace", "negotiate"):
        assert private not in text
    evil = "https://login.evil.example"
    read = json.loads(text)
    for arm in (
        read["profiles"][0]["fleet"]["arm"],
        read["profiles"][0]["fleet"]["sites"]["/arm"]["arm"],
    ):
        arm.update(authority=evil, scope=evil, allowed_hosts=["evil.example"], proxy=evil)
    path = tmp_path / "given.tlc.json"
    path.write_text(json.dumps(read))
    (found,) = profiles.read_shared(path)
    assert "evil" not in msgspec.json.encode(found).decode()
    assert found.fleet is not None
    assert found.fleet.id == found.id != mine.id


def test_a_fleet_with_another_connection_s_id_is_refused() -> None:
    mine = profile()
    assert mine.arm is not None
    whole = msgspec.structs.replace(mine, fleet=FleetScope("other", mine.arm))
    assert "carries the id of another" in " ".join(complaints(whole))


def test_a_known_cloud_has_its_own_addresses_whatever_the_profile_says() -> None:
    from console.backends.azure_local.wires import settled

    told = ArmEndpoint(
        "https://evil.example",
        allowed_hosts=("evil.example",),
        cloud="public",
        authority="https://evil.example",
        scope="https://evil.example/.default",
    )
    assert "evil" not in msgspec.json.encode(settled(told)).decode()
    assert {cloud.id for cloud in clouds()} == {"public", "us_government", "china"}


def test_clouds_are_as_azure_core_says() -> None:
    from azure.core import AzureClouds
    from azure.mgmt.core.tools import get_arm_endpoints

    names = {
        "public": AzureClouds.AZURE_PUBLIC_CLOUD,
        "us_government": AzureClouds.AZURE_US_GOVERNMENT,
        "china": AzureClouds.AZURE_CHINA_CLOUD,
    }
    for cloud in clouds():
        told = get_arm_endpoints(names[cloud.id])
        assert cloud.arm == told["resource_manager"].rstrip("/")
        assert cloud.scope in told["credential_scopes"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": " "}, "name"),
        ({"arm": None, "cluster": None}, "neither"),
        ({"cluster": ClusterEndpoint({})}, "no node"),
        ({"cluster": ClusterEndpoint({"N1": "n1:99999"})}, "port"),
        ({"cluster": ClusterEndpoint({"N1": "n1"}, auth="negotiate")}, "NTLM"),
        (
            {
                "arm": ArmEndpoint(
                    "https://a.example", sign_in=SignIn(SignInMethod.CERTIFICATE, "t.example")
                )
            },
            "certificate file",
        ),
    ],
)
def test_what_is_missing_is_said(changes: dict[str, object], words: str) -> None:
    assert words in " ".join(complaints(profile(**changes)))


@pytest.mark.parametrize("address", ["n1.contoso.com", "n1:5986", "[fe80::1]:5986", "10.0.0.4"])
def test_addresses_of_every_kind_are_taken(address: str) -> None:
    assert complaints(profile(cluster=ClusterEndpoint({"N1": address}))) == ()
