"""What people paste and attackers send into fields: told in words, never let through."""

import pytest

from console.checks import creation_rules as rules


@pytest.mark.parametrize(
    ("typed", "words", "right"),
    [
        ("grace\u202e", "cannot be seen", "grace"),
        ("gra\u200bce", "cannot be seen", "grace"),
        ("gr\u0430ce", "only looks like", "grace"),  # a Cyrillic a among Latin letters
        ("grac\u03b5", "only looks like", "grace"),  # a Greek epsilon
        ("a\tb", "cannot be seen", "ab"),
    ],
)
def test_a_user_name_hides_nothing(typed: str, words: str, right: str) -> None:
    assert words in rules.user_name(typed)
    assert rules.user_name(right) == ""


@pytest.mark.parametrize("name", ["jürgen", "zoë", "грейс", "光子"])
def test_a_user_name_of_one_script_is_nobodys_disguise(name: str) -> None:
    assert rules.user_name(name) == ""


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("0.0.0.0", "not the address of one computer"),
        ("224.0.0.1", "not the address of one computer"),
        ("255.255.255.255", "not the address of one computer"),
        ("10.0.0.1, ff02::1", "not the address of one computer"),
        ("10.0.0.1, 10.0.0.1", "twice"),
        ("fe80::1 FE80:0::1", "twice"),
        ("8" * 300, "is not an IP address"),
    ],
)
def test_a_dns_server_is_one_computer_and_stands_once(typed: str, words: str) -> None:
    said = rules.addresses(typed)
    assert words in said
    assert len(said) < 120


def test_dns_servers_may_be_divided_in_any_way() -> None:
    assert rules.addresses("10.0.0.1;10.0.0.2\n fe80::1") == ""
