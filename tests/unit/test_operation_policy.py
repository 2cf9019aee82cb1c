"""The platform's table: every operation has its row, every row its source, strict where unsure."""

import tomllib
from typing import get_args

import pytest

from console.catalog import PolicyKind, load_operation_policy, resource_path
from console.operations import BY_KIND

POLICY = load_operation_policy()
VM_KINDS = [kind for kind in get_args(PolicyKind) if kind != "Site"]
RELEASES = ("2311", "2503", "2504", "2510", "2605", "")
OF_SITE = {
    "create_virtual_machine",
    "clean_up_creation",
    "download_image",
    "drain_node",
    "pause_node",
    "prove_node_empty",
    "resume_node",
}


def test_every_operation_of_the_console_is_in_the_table_and_no_other_has_a_plane() -> None:
    done_here = {name for name, each in POLICY.operations.items() if each.plane}
    assert done_here == set(BY_KIND)


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("operation", POLICY.operations)
def test_every_operation_has_one_rule_for_each_kind_and_release(
    operation: str, release: str
) -> None:
    kinds: list[PolicyKind] = ["Site"] if operation in OF_SITE else VM_KINDS
    for kind in kinds:
        rule = POLICY.rule(operation, kind, release)
        assert operation in rule.operations
        others = [
            each
            for each in POLICY.rules
            if each is not rule and operation in each.operations and kind in each.kinds
        ]
        # Two rules for one release would depend on their order.
        assert all(each.from_release or each.until_release for each in others)


def test_every_rule_has_a_dated_source_and_speaks_of_known_operations() -> None:
    data = tomllib.loads(resource_path("operation_policy.toml").read_text(encoding="utf-8"))
    assert all(
        source["document"] and source["dated"].year >= 2025 for source in data["source"].values()
    )
    assert {row["source"] for row in data["rule"]} == set(data["source"])
    for rule in POLICY.rules:
        assert rule.source
        assert rule.text
        assert set(rule.operations) <= set(POLICY.operations)


@pytest.mark.parametrize("kind", VM_KINDS)
@pytest.mark.parametrize("release", RELEASES)
def test_what_the_console_does_not_do_is_refused_with_the_supported_way(
    kind: PolicyKind, release: str
) -> None:
    for name, operation in POLICY.operations.items():
        if operation.plane:
            continue
        refusal = POLICY.refusal(name, kind, release)
        assert refusal is not None
        assert refusal.instead


def test_releases_decide_and_an_unknown_one_is_held_to_the_strictest() -> None:
    for release, verdict in (("2503", "unsupported"), ("2504", "local_only"), ("", "unsupported")):
        assert POLICY.rule("make_checkpoint", "TrustedLaunch", release).verdict == verdict
    assert POLICY.rule("change_disk_size", "Standard", "2510").verdict == "azure_only"


@pytest.mark.parametrize(
    ("operation", "kind", "refused"),
    [
        ("live_migrate", "TrustedLaunch", False),
        ("live_migrate", "Unmanaged", False),
        ("live_migrate", "ResourceBridge", True),
        ("quick_migrate", "ResourceBridge", True),
        ("change_power_state", "Standard", False),
        ("change_power_state", "Unmanaged", True),
        ("delete_virtual_machine", "ResourceBridge", True),
        ("drain_node", "Site", False),
        ("create_virtual_machine", "Site", False),
    ],
)
def test_planes(operation: str, kind: PolicyKind, refused: bool) -> None:
    assert (POLICY.refusal(operation, kind, "2510") is not None) is refused


def test_an_operation_that_nobody_entered_is_an_error_not_a_permission() -> None:
    with pytest.raises(KeyError):
        POLICY.refusal("format_everything", "TrustedLaunch", "2510")
