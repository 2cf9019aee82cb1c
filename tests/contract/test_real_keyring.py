"""Secrets and tokens in a real gnome-keyring under a private bus; locked, absent, failing."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.contract.conftest import Servers
from tests.contract.private_bus import MISSING, private_bus

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")
ROOT = Path(__file__).resolve().parents[2]
SECRET = "correct-horse-" + "x" * 2000


def run(code: str, environment: Mapping[str, str], *arguments: str) -> str:
    """Another process of the console, as after a restart."""
    told = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=dict(environment), capture_output=True,
        text=True, cwd=ROOT, timeout=60, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    return told.stdout.strip()


PROBE = """
from console.credentials import Credentials
credentials = Credentials()
credentials.probe()
"""
KEEP = PROBE + f"print(credentials.keep('profile-x', 'cluster_password', {SECRET!r}))"
RECALL = PROBE + "print(credentials.recall('profile-x', 'cluster_password'))"
FORGET = PROBE + "credentials.forget('profile-x', ('cluster_password',))"
WORDS = PROBE + "print(credentials.is_durable, credentials.words)"


def test_a_secret_outlives_the_process_and_is_forgotten_when_told(tmp_path: Path) -> None:
    with private_bus(tmp_path) as bus:
        assert run(KEEP, bus.environment) == "True"
        assert run(RECALL, bus.environment) == SECRET
        words = run(WORDS, bus.environment)
        assert words.startswith("True Secrets are kept in")
        assert "SecretService" in words
        run(FORGET, bus.environment)
        assert run(RECALL, bus.environment) == "None"
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]


def test_a_locked_keyring_means_this_session_only_and_is_said(tmp_path: Path) -> None:
    with private_bus(tmp_path, is_unlocked=False) as bus:
        words = run(WORDS, bus.environment)
        assert words.startswith("False Secrets are kept in memory until the console closes")
        assert "You will be asked again" in words
        assert run(KEEP, bus.environment) == "False"
        assert run(RECALL, bus.environment) == "None"


def test_without_a_bus_it_is_said_too(tmp_path: Path) -> None:
    with private_bus(tmp_path) as bus:
        environment = dict(bus.environment) | {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}
    words = run(WORDS, environment)
    assert words.startswith("False Secrets are kept in memory")


FAILS_IN_USE = (
    PROBE
    + """
import os, signal, sys
assert credentials.is_durable
os.kill(int(sys.argv[1]), signal.SIGKILL)
print(credentials.keep('profile-x', 'cluster_password', 'a word'), credentials.words)
print(credentials.recall('profile-x', 'cluster_password'))
"""
)


def test_a_keyring_that_dies_in_use_leaves_the_secret_in_memory(tmp_path: Path) -> None:
    with private_bus(tmp_path) as bus:
        assert bus.keyring is not None
        told = run(FAILS_IN_USE, bus.environment, str(bus.keyring.pid))
    first, second = told.splitlines()
    assert first.startswith("False Secrets are kept in memory")
    assert second == "a word"


# -- tokens: azure-identity's own store, which needs the distribution's Python parts of libsecret --
def _introspection() -> Path | None:
    """Debian's ``gi`` for this very Python, if it is there."""
    place = Path("/usr/lib/python3/dist-packages/gi")
    tag = f"cpython-{sys.version_info[0]}{sys.version_info[1]}"
    return place if list(place.glob(f"_gi.{tag}*")) else None


SIGN_IN = """
import asyncio, sys, threading
import msgspec, requests
from console.backends.azure_local.wires import SignIns
from console.model.connection import ArmEndpoint
from console.backends import BackendError

arm = msgspec.json.decode(sys.argv[1], type=ArmEndpoint)
act = sys.argv[2]

def prompt(text, url, code):
    assert act == "ask", "nobody should have been asked"
    def enter():
        requests.post(url, data={"user_code": code}, verify=arm.ca_file, timeout=10,
                      proxies={"https": ""})
    threading.Timer(0.1, enter).start()

async def main():
    sign_ins = SignIns(lambda _: None)
    if act == "out":
        print(*await sign_ins.sign_out(arm))
        return
    try:
        account = await sign_ins.sign_in(arm, {}, prompt, is_silent=act == "silent")
    except BackendError as error:
        print(error.fault.code)
        return
    print(account.is_kept, len(account.subscriptions), account.keeping)
    print(account.record)

asyncio.run(main())
"""


def test_without_libsecret_s_python_parts_a_sign_in_ends_with_the_session(
    servers: Servers, tmp_path: Path
) -> None:
    with private_bus(tmp_path) as bus:
        first, _record = run(SIGN_IN, bus.environment, _arm(servers), "ask").splitlines()
    assert first.startswith("False 1 The sign-in ends with this session, since")
    assert not list(tmp_path.rglob(".IdentityService/*"))


def _arm(servers: Servers, record: str = "") -> str:
    import msgspec

    from console.model.connection import ArmEndpoint, SignIn, SignInMethod

    url = f"https://127.0.0.1:{servers.arm.port}"
    tenant = servers.site.settings.tenant_id
    sign_in = SignIn(SignInMethod.DEVICE_CODE, tenant_id=tenant, account_record=record)
    arm = ArmEndpoint(
        url, ca_file=str(servers.ca_file), authority=url, scope=url + "/.default", sign_in=sign_in
    )
    return msgspec.json.encode(arm).decode()


@pytest.mark.skipif(_introspection() is None, reason="no python3-gi for this Python")
def test_a_sign_in_outlives_the_process_and_signing_out_removes_it(
    servers: Servers, tmp_path: Path
) -> None:
    """Three processes of the console: sign in; silently again; after signing out no more."""
    parts = tmp_path / "parts"
    parts.mkdir()
    shutil.copytree(_introspection() or Path(), parts / "gi")
    with private_bus(tmp_path) as bus:
        environment: dict[str, Any] = dict(bus.environment) | {"PYTHONPATH": str(parts)}
        first, record = run(SIGN_IN, environment, _arm(servers), "ask").splitlines()
        assert first.startswith("True 1 The sign-in is kept by the desktop's keyring")
        asked_before = servers.arm.identity._device
        again = run(SIGN_IN, environment, _arm(servers, record), "silent").splitlines()
        assert again[0].startswith("True 1")
        assert servers.arm.identity._device == asked_before
        assert run(SIGN_IN, environment, _arm(servers, record), "out").endswith("True")
        assert run(SIGN_IN, environment, _arm(servers, record), "silent") == "sign_in_required"
    refresh = [token.encode() for token in servers.arm.identity._refresh]
    for path in tmp_path.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert b"eyJ0eXAi" not in content
        assert not any(token in content for token in refresh)
