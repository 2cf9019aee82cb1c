"""Tokens from a stand-in for the Azure CLI: what is asked, what is told when it goes wrong."""

import json
import sys
from pathlib import Path

import pytest
from azure.core.exceptions import ClientAuthenticationError

from console.backends.azure_local.sign_in import AzureCliToken

SCOPE = "https://management.azure.com/.default"


def stand_in(folder: Path, body: str) -> str:
    program = folder / "az"
    program.write_text(f"#!{sys.executable}\nimport sys, json\n{body}\n")
    program.chmod(0o700)
    return str(program)


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a Unix script")


async def test_a_token_and_its_expiry(tmp_path: Path) -> None:
    answer = json.dumps({"accessToken": "t", "expiresOn": "2026-01-01 00:00:00.0", "expires_on": 7})
    program = stand_in(
        tmp_path,
        f"assert sys.argv[1:3] == ['account', 'get-access-token']\n"
        f"assert '{SCOPE}' in sys.argv and sys.argv[-2:] == ['--tenant', 'ten']\n"
        f"print({answer!r})",
    )
    token = await AzureCliToken("ten", program).get_token(SCOPE)
    assert (token.token, token.expires_on) == ("t", 7)


async def test_an_older_cli_tells_local_time_only(tmp_path: Path) -> None:
    answer = json.dumps({"accessToken": "t", "expiresOn": "2026-01-01 00:00:00.000000"})
    token = await AzureCliToken("", stand_in(tmp_path, f"print({answer!r})")).get_token(SCOPE)
    assert token.expires_on > 1_767_000_000


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("sys.exit('Please run az login to setup account.')", "az login"),
        ("print('no json')", "not a token"),
        ("print('{}')", "not a token"),
    ],
)
async def test_what_goes_wrong_is_said(tmp_path: Path, body: str, words: str) -> None:
    with pytest.raises(ClientAuthenticationError, match=words):
        await AzureCliToken("", stand_in(tmp_path, body)).get_token(SCOPE)


async def test_a_real_sign_in_is_never_shown_to_loopback(tmp_path: Path) -> None:
    program = stand_in(tmp_path, "print('{}')")
    with pytest.raises(ClientAuthenticationError, match="local address"):
        await AzureCliToken("", program).get_token("https://127.0.0.1:4443/.default")


async def test_without_the_cli() -> None:
    with pytest.raises(ClientAuthenticationError, match="not found"):
        await AzureCliToken("", "no-such-program-az").get_token(SCOPE)
