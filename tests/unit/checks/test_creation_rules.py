"""SSH keys, certificates, names of Linux guests: real keys pass, each defect has its sentence."""

import base64
import struct

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from console.checks import creation_rules as rules


def public(key: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    line = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    return line.decode()


ED = public(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)))


def rsa_of(bits: int) -> str:
    """A well-formed public key of this size; its numbers need not be a real pair."""
    number = (1 << (bits - 1)) | 1
    fields = (b"ssh-rsa", b"\x01\x00\x01", b"\x00" + number.to_bytes(bits // 8, "big"))
    body = b"".join(struct.pack(">I", len(field)) + field for field in fields)
    return f"ssh-rsa {base64.b64encode(body).decode()} me"


@pytest.mark.parametrize(
    "key",
    [
        ED,
        f"{ED} grace@desk",
        rsa_of(2048),
        rsa_of(4096),
        public(ec.derive_private_key(7, ec.SECP256R1())),
        public(ec.derive_private_key(7, ec.SECP521R1())),
    ],
    ids=["ed25519", "with a comment", "rsa 2048", "rsa 4096", "p256", "p521"],
)
def test_real_keys_pass(key: str) -> None:
    assert rules.ssh_keys([key]) == ""


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (["-----BEGIN OPENSSH PRIVATE KEY-----"], "private key"),
        (["hello"], "Line 1 is no public key"),
        ([ED, "ssh-dss AAAA"], "Line 2 is no public key"),
        ([ED[:40]], "incomplete"),
        (["ssh-ed25519 AAAA$"], "incomplete"),
        (["ssh-ed25519"], "incomplete"),
        ([ED.replace("ssh-ed25519", "ssh-rsa")], "not of the kind"),
        ([rsa_of(1024)], "needs 2048 bits; this has 1024"),
        ([ED, f"{ED} again"], "line 2 stands twice"),
        (["SSH-ED25519 " + ED.split()[1]], "no public key"),
    ],
)
def test_what_is_wrong_with_a_key(keys: list[str], words: str) -> None:
    assert words in rules.ssh_keys(keys)


def test_lines_are_cut_at_their_ends() -> None:
    assert rules.key_lines(f"\r\n  {ED}  \n\n") == [ED]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ""),
        ("-----BEGIN CERTIFICATE-----\nMIIB+/==\n-----END CERTIFICATE-----\n", ""),
        ("MIIB", "BEGIN CERTIFICATE"),
        ("-----BEGIN CERTIFICATE-----\n<b>\n-----END CERTIFICATE-----", "BEGIN CERTIFICATE"),
        ("-----BEGIN RSA PRIVATE KEY-----", "private key"),
    ],
)
def test_a_proxy_certificate(text: str, words: str) -> None:
    told = rules.trusted_ca(text)
    assert words in told
    assert bool(told) == bool(words)


@pytest.mark.parametrize(
    ("rule", "good"),
    [
        (rules.domain, "contoso.example"),
        (rules.organizational_unit, "OU=a,DC=b"),
        (rules.domain_user, "joiner@contoso.example"),
        (rules.proxy, "http://proxy:8080"),
        (rules.user_name, "grace"),
        (rules.computer_name, "web-77"),
        (rules.vm_name, "web-77"),
    ],
)
def test_what_cannot_be_seen_is_told_everywhere(rule: object, good: str) -> None:
    assert callable(rule)
    assert rule(good) == ""
    for pasted in (f" {good}", f"{good}\t", f"{good}\u00a0"):
        assert "Take away the blanks" in rule(pasted)
    middle = len(good) // 2
    assert rule(good[:middle] + "\u0430" + good[middle:]).endswith("only looks like one.")


@pytest.mark.parametrize(
    ("name", "words"),
    [("ubuntu", ""), ("_svc-1", ""), ("Ubuntu", "lower-case"), ("1a", "lower-case"),
     ("a" * 33, "allows 32"), ("root", "reserved")],
)  # fmt: skip
def test_users_of_linux(name: str, words: str) -> None:
    told = rules.user_name(name, is_linux=True)
    assert words in told
    assert bool(told) == bool(words)


def test_names_of_linux_guests_are_longer() -> None:
    name = "a" * 40
    assert "Windows allows 15" in rules.computer_name(name)
    assert rules.computer_name(name, is_linux=True) == ""
    assert "Linux allows 63" in rules.computer_name("a" * 64, is_linux=True)
    assert rules.computer_name_of("a" * 14 + "-b") == "a" * 14
    assert rules.computer_name_of(name, is_linux=True) == name
