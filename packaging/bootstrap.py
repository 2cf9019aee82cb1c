#!/usr/bin/env python3
"""Set up this checkout on a fresh machine and start the console, or pass its tests.

    python3 packaging/bootstrap.py console --lab      opens the console on the embedded lab
    python3 packaging/bootstrap.py test               installs what tests need and runs them all

Standard library only: it runs before anything is installed. What it installs: a virtual
environment in ``.venv`` and, on Debian and Ubuntu, the system libraries that Qt loads (asked for
once, through sudo when not root). A second run finds everything in place and starts at once.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
SUPPORTED = ((3, 11), (3, 14))

# Found by starting each platform plugin in an empty Debian 12.
OFFSCREEN = ("libgl1", "libegl1", "libglib2.0-0", "libxkbcommon0", "libfontconfig1", "libdbus-1-3")
WINDOW = (
    "libxcb-cursor0",
    "libxcb-icccm4",
    "libxcb-keysyms1",
    "libxcb-shape0",
    "libxkbcommon-x11-0",
)
VENV_PACKAGES = ("python3-venv",)
# Tests press real keys and drag a real mouse in a real X server with a window manager.
# Secrets are kept in a real keyring under a bus of the test's own; a screen reader has its own too.
TEST_TOOLS = (
    "xvfb",
    "openbox",
    "xdotool",
    "x11-utils",
    "gnome-keyring",
    "dbus",
    "at-spi2-core",
)
# The cluster wire signs in to a real KDC; its client is built from source, so this may fail.
KERBEROS = ("krb5-kdc", "krb5-admin-server", "libkrb5-dev", "gcc", "libc6-dev", "python3-dev")
KERBEROS_SECONDS = 600.0


def main() -> int:
    arguments = sys.argv[1:]
    if not arguments or arguments[0] not in ("console", "test", "setup"):
        print(__doc__)
        return 2
    if not SUPPORTED[0] <= sys.version_info[:2] < SUPPORTED[1]:
        print(f"This needs Python 3.11 to 3.13; this is {sys.version.split()[0]}.")
        return 2
    for_tests = arguments[0] == "test"
    _install_system_packages(for_tests)
    _install_environment(for_tests)
    if for_tests:
        _install_kerberos()
    if arguments[0] == "setup":
        return 0
    if for_tests:
        return _call([str(PYTHON), str(ROOT / "packaging" / "run_tests.py"), *arguments[1:]])
    if _needs_display():
        print(
            "The console opens a window, but this session has no display (DISPLAY and\n"
            "WAYLAND_DISPLAY are not set). Everything is installed: run the same command again\n"
            "from a desktop session, or through 'ssh -X'."
        )
        return 1
    return _call([str(PYTHON), "-m", "console", *arguments[1:]])


def _call(command: list[str]) -> int:
    try:
        return subprocess.run(command, cwd=ROOT, check=False).returncode
    except KeyboardInterrupt:
        return 130


def _needs_display() -> bool:
    return sys.platform == "linux" and not (
        os.environ.get("DISPLAY")
        or os.environ.get("WAYLAND_DISPLAY")
        or os.environ.get("QT_QPA_PLATFORM")
    )


def _install_system_packages(for_tests: bool) -> None:
    """Debian and Ubuntu only; elsewhere PySide6's wheels bring all that Qt needs."""
    if sys.platform != "linux" or not shutil.which("dpkg-query"):
        return
    wanted = OFFSCREEN + WINDOW + (TEST_TOOLS if for_tests else ())
    if not _can_make_environments():
        wanted += VENV_PACKAGES
    failure = _apt_get(wanted)
    if failure:
        sys.exit(failure)


def _apt_get(wanted: tuple[str, ...]) -> str:
    """Install what of these is missing; says what to do where that failed."""
    missing = [name for name in wanted if not _is_installed(name)]
    if not missing:
        return ""
    prefix = [] if os.geteuid() == 0 else ["sudo"]
    if prefix and not shutil.which("sudo"):
        return "These Debian packages are missing; have them installed: " + " ".join(missing)
    print("Installing Debian packages: " + " ".join(missing), flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # Package lists may be absent or old on a fresh machine; a failed update may still do.
    subprocess.run([*prefix, "apt-get", "update", "-qq"], env=quiet, check=False)
    install = [*prefix, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
    if subprocess.run(install, env=quiet, stdout=subprocess.DEVNULL, check=False).returncode:
        return "apt-get could not install them. Try: " + " ".join(install)
    return ""


def _install_kerberos() -> None:
    """For the tests against a local KDC; where it cannot be had they are skipped, and say so."""
    stamp = VENV / ".installed-kerberos"
    if stamp.is_file() or sys.platform != "linux" or not shutil.which("dpkg-query"):
        return
    failure = _apt_get(KERBEROS)
    if not failure:
        print("Building the Kerberos client (once; two or three minutes)", flush=True)
        pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        try:
            subprocess.run(
                [*pip, "-e", ".[kerberos]"], cwd=ROOT, check=True, timeout=KERBEROS_SECONDS
            )
        except (OSError, subprocess.SubprocessError) as error:
            failure = f"its client could not be built: {type(error).__name__}"
    if failure:
        print(f"== SKIPPED: Kerberos to a local KDC ({failure})", flush=True)
        return
    stamp.write_text("gssapi and krb5 are there\n")


def _is_installed(package: str) -> bool:
    answer = subprocess.run(
        ["dpkg-query", "-W", "-f=${Status}", package],
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout.endswith("install ok installed")


def _can_make_environments() -> bool:
    """Debian splits ensurepip off into python3-venv; other Pythons have it."""
    return (
        subprocess.run(
            [sys.executable, "-c", "import ensurepip, venv"], capture_output=True, check=False
        ).returncode
        == 0
    )


def _install_environment(for_tests: bool) -> None:
    stamp = VENV / f".installed-{'test' if for_tests else 'console'}"
    wanted = hashlib.sha256(
        (ROOT / "pyproject.toml").read_bytes() + f"{sys.version}{ROOT}".encode()
    ).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted and PYTHON.exists():
        return
    print("Installing the console into .venv (once; a minute or two)", flush=True)
    if not PYTHON.exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    target = ".[test]" if for_tests else "."
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.run([*pip, "-e", target], cwd=ROOT, check=False).returncode:
        sys.exit("pip could not install the dependencies; its message is above.")
    stamp.write_text(wanted)


if __name__ == "__main__":
    sys.exit(main())
