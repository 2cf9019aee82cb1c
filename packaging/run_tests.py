"""Every proof of the house in one go: contracts, lint, types, tests, tests in a real X server.

Runs inside the virtual environment that ``bootstrap.py`` made. Extra arguments go to pytest. With
``--clients``, and where CI is set, the Azure CLI and Microsoft's JavaScript SDK judge the lab too.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
BILL = ROOT / "packaging" / "bill_of_materials.py"
CLIENTS = ROOT / "packaging" / "independent_clients.py"
_NOT_TRIED = 77  # no advisories, or no clients, could be had


def main() -> int:
    extra = [word for word in sys.argv[1:] if word != "--clients"]
    wants_clients = "--clients" in sys.argv or bool(os.environ.get("CI"))
    steps = [
        ("import contracts", [str(BIN / "lint-imports"), "--no-cache"]),
        ("lint", [str(BIN / "ruff"), "check", "."]),
        ("format", [str(BIN / "ruff"), "format", "--check", "."]),
        ("types", [str(BIN / "mypy")]),
        ("licences", [sys.executable, str(BILL), "licences"]),
        ("bill of materials", [sys.executable, str(BILL), "bill", "build/bill-of-materials.json"]),
        ("known vulnerabilities", [sys.executable, str(BILL), "audit"]),
    ]
    failed = [name for name, command in steps if not _passes(name, command, os.environ.copy())]
    with tempfile.TemporaryDirectory(prefix="tlconsole-tests-") as home:
        environment = _private_environment(home)
        pytest = [sys.executable, "-m", "pytest", "-q"]
        fast = [*pytest, "-m", "not xvfb", *extra]
        if not _passes("tests", fast, environment | {"QT_QPA_PLATFORM": "offscreen"}):
            failed.append("tests")
        if shutil.which("Xvfb"):
            with _x_server() as display:
                real = [*pytest, "-m", "xvfb", *extra]
                environment |= {"DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
                if not _passes("tests in a real X server", real, environment):
                    failed.append("tests in a real X server")
        else:
            print("== SKIPPED: tests in a real X server (no Xvfb on this system)", flush=True)
        clients = [sys.executable, str(CLIENTS)]
        if wants_clients and not _passes("independent clients", clients, _with_proxies(home)):
            failed.append("independent clients")
    print("FAILED: " + ", ".join(failed) if failed else "All steps passed.", flush=True)
    return 1 if failed else 0


def _passes(name: str, command: list[str], environment: dict[str, str]) -> bool:
    print(f"== {name}", flush=True)
    started = time.monotonic()
    code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    told = {0: "ok", _NOT_TRIED: "SKIPPED"}.get(code, f"exit {code}")
    print(f"== {name}: {told}, {time.monotonic() - started:.0f} s", flush=True)
    return code in (0, _NOT_TRIED)


def _private_environment(home: str) -> dict[str, str]:
    """Tests see neither this user's settings nor proxies: loopback is all they talk to."""
    environment = {
        name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")
    }
    environment |= {
        "XDG_DATA_HOME": home,
        "XDG_CONFIG_HOME": home,
        "XDG_CACHE_HOME": home,
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "NO_AT_BRIDGE": "1",
    }
    return environment


def _with_proxies(home: str) -> dict[str, str]:
    """Registries may stand behind a proxy; the clients themselves are given none by their tests."""
    return os.environ | _private_environment(home) | {"QT_QPA_PLATFORM": "offscreen"}


@contextlib.contextmanager
def _x_server() -> Iterator[str]:
    read_end, write_end = os.pipe()
    command = ["Xvfb", "-displayfd", str(write_end), "-screen", "0", "1600x1000x24"]
    server = subprocess.Popen(
        [*command, "-nolisten", "tcp"], pass_fds=[write_end], stderr=subprocess.DEVNULL
    )
    os.close(write_end)
    display = ":" + os.fdopen(read_end).readline().strip()
    manager = None
    if shutil.which("openbox"):
        manager = subprocess.Popen(
            ["openbox"],
            env={**os.environ, "DISPLAY": display},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    try:
        yield display
    finally:
        for process in (manager, server):
            if process is not None:
                process.terminate()
                process.wait(timeout=10)


if __name__ == "__main__":
    sys.exit(main())
