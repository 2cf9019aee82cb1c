"""Clients we did not write against the lab: Azure CLI and Microsoft's JavaScript SDK.

Installs both, pinned, into ``.clients`` (kept between runs, never in this environment: the CLI pins
its own SDKs) and runs ``tests/clients`` with what is there. What cannot be installed is said in one
SKIPPED line; exits 77 where that is everything.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".clients"
AZURE_CLI = ("azure-cli==2.91.0",)
NPM = (
    "@azure/arm-azurestackhci@3.1.0",
    "@azure/arm-hybridcompute@3.0.0",
    "@azure/core-rest-pipeline@1.24.0",
)
INSTALL_SECONDS = 600.0  # for both together
SKIPPED = 77


def main() -> int:
    deadline = time.monotonic() + INSTALL_SECONDS
    environment = os.environ.copy()
    cli, script = FOLDER / "azure-cli", FOLDER / "javascript"
    bin_folder = cli / ("Scripts" if os.name == "nt" else "bin")
    npm = shutil.which("npm")
    if _is_installed("the Azure CLI", cli, AZURE_CLI, deadline, [
        [sys.executable, "-m", "venv", str(cli)],
        [str(bin_folder / "python"), "-m", "pip", "install", "-q", *AZURE_CLI],
    ]):  # fmt: skip
        environment["TLC_AZURE_CLI"] = str(bin_folder / ("az.bat" if os.name == "nt" else "az"))
    if npm is None:
        print("== SKIPPED: Microsoft's JavaScript SDK (no npm on this system)", flush=True)
    elif _is_installed("Microsoft's JavaScript SDK", script, NPM, deadline, [
        [npm, "install", "--prefix", str(script), "--no-audit", "--no-fund", "--silent", *NPM],
    ]):  # fmt: skip
        environment["TLC_NODE_MODULES"] = str(script)
    if not environment.keys() & {"TLC_AZURE_CLI", "TLC_NODE_MODULES"}:
        return SKIPPED
    pytest = [sys.executable, "-m", "pytest", "-q", "-rs", "tests/clients"]
    return subprocess.run(pytest, cwd=ROOT, env=environment, check=False).returncode


def _is_installed(
    name: str, folder: Path, pins: tuple[str, ...], deadline: float, commands: list[list[str]]
) -> bool:
    """There with these pins, or installed now. The mark is written last: half is not installed."""
    mark = folder / "installed.txt"
    if mark.is_file() and mark.read_text().split() == list(pins):
        return True
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for command in commands:
        try:
            subprocess.run(
                command, check=True, timeout=max(1.0, deadline - time.monotonic()),
                capture_output=True, text=True,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            told = str(getattr(error, "stderr", None) or error).strip().splitlines()
            print(f"== SKIPPED: {name} (not installed: {told[-1] if told else error})", flush=True)
            return False
    mark.write_text("\n".join(pins) + "\n")
    return True


if __name__ == "__main__":
    sys.exit(main())
