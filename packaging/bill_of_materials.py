"""What the installed console is made of: CycloneDX bill, licence list, audit where one can be had.

    python packaging/bill_of_materials.py bill OUT.json    CycloneDX 1.6 of everything that ships
    python packaging/bill_of_materials.py licences         one line each; fails on one not allowed
    python packaging/bill_of_materials.py audit            known vulnerabilities, by pip-audit

Run by the Python of the environment that is looked at. "Ships" is the console and what it requires,
without the extras for tests.
"""

import contextlib
import importlib.metadata as metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

ROOT = "trusted-launch-console"
# Licences that may be shipped beside MIT code, as they appear in package metadata. LGPL: PySide6 is
# loaded as shared libraries that a user can replace.
ALLOWED = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla|LGPL|Unlicense|0BSD|HPND", re.I
)
SKIPPED = 77
PIP_AUDIT = "pip-audit>=2.9,<3"
INSTALL_SECONDS = 300.0


def shipped() -> list[metadata.Distribution]:
    """The console and everything it requires here, by name."""
    found: dict[str, metadata.Distribution] = {}
    waiting = [ROOT]
    while waiting:
        name = _plain(waiting.pop())
        if name in found:
            continue
        try:
            found[name] = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # required on another system only
        for line in found[name].requires or ():
            needed, _, marker = line.partition(";")
            if "extra ==" not in marker:
                waiting.append(re.split(r"[\s\[(<>=!~]", needed.strip())[0])
    return [found[name] for name in sorted(found)]


def licence(one: metadata.Distribution) -> str:
    """Its licence in its own words: expression, classifiers, or field; empty if it says none."""
    told = one.metadata
    expression = told.get("License-Expression") or ""
    classifiers = [
        line.rpartition("::")[2].strip()
        for line in told.get_all("Classifier") or ()
        if line.startswith("License ::")
    ]
    field = (told.get("License") or "").strip().splitlines()
    return expression or ", ".join(classifiers) or (field[0][:80] if field else "")


def bill() -> dict[str, object]:
    """CycloneDX 1.6; the serial number is made of the content, so that the same gives the same."""
    parts = [
        {
            "type": "application" if _plain(one.name) == ROOT else "library",
            "bom-ref": _ref(one),
            "name": one.name,
            "version": one.version,
            "purl": _ref(one),
            "licenses": [{"license": {"name": licence(one) or "NOASSERTION"}}],
        }
        for one in shipped()
    ]
    names = {_plain(one.name): _ref(one) for one in shipped()}
    depends = [
        {
            "ref": _ref(one),
            "dependsOn": sorted(
                {
                    names[found]
                    for line in one.requires or ()
                    if "extra ==" not in line
                    and (found := _plain(re.split(r"[\s\[(<>=!~;]", line.strip())[0])) in names
                }
            ),
        }
        for one in shipped()
    ]
    content = json.dumps([parts, depends], sort_keys=True)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}",
        "version": 1,
        "metadata": {"component": next(part for part in parts if part["type"] == "application")},
        "components": [part for part in parts if part["type"] != "application"],
        "dependencies": depends,
    }


def licences() -> int:
    wrong = []
    for one in shipped():
        text = licence(one)
        if not ALLOWED.search(text):
            wrong.append(one.name)
        print(f"{one.name:<32} {one.version:<12} {text or '(says none)'}")
    if wrong:
        print("Not in the list of allowed licences: " + ", ".join(wrong))
    return 1 if wrong else 0


def audit() -> int:
    """0 nothing known, 1 something known, 77 where no advisories could be had."""
    program = shutil.which("pip-audit") or _auditor()
    if program is None:
        print("SKIPPED: pip-audit is not installed (pip install pip-audit, in its own environment)")
        return SKIPPED
    with tempfile.TemporaryDirectory() as folder:
        pinned = Path(folder) / "shipped.txt"
        lines = [f"{one.name}=={one.version}\n" for one in shipped() if _plain(one.name) != ROOT]
        pinned.write_text("".join(lines))
        told = subprocess.run(
            [program, "-r", str(pinned), "--no-deps", "--disable-pip", "-f", "json"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    try:
        found = json.loads(told.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(f"SKIPPED: pip-audit had no answer: {told.stderr.strip()[-300:]}")
        return SKIPPED
    unknown = [one["name"] for one in found if "skip_reason" in one]
    known = [one for one in found if one.get("vulns")]
    for one in known:
        ids = ", ".join(each["id"] for each in one["vulns"])
        print(f"{one['name']} {one['version']}: {ids}")
    if unknown:
        print(f"SKIPPED for {len(unknown)} of {len(found)} packages: no advisories to be had here")
    return 1 if known else SKIPPED if unknown else 0


def _auditor() -> str | None:
    """In an environment of its own, made where CI is set: what it requires is not the console's."""
    folder = Path(__file__).resolve().parent.parent / ".clients" / "pip-audit"
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    program = scripts / ("pip-audit.exe" if os.name == "nt" else "pip-audit")
    if not program.exists() and os.environ.get("CI"):
        pip = [str(scripts / "python"), "-m", "pip", "install", "-q", PIP_AUDIT]
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            for command in ([sys.executable, "-m", "venv", str(folder)], pip):
                subprocess.run(command, check=True, timeout=INSTALL_SECONDS, capture_output=True)
    return str(program) if program.exists() else None


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _ref(one: metadata.Distribution) -> str:
    return f"pkg:pypi/{_plain(one.name)}@{one.version}"


def main() -> int:
    match sys.argv[1:]:
        case ["bill", target]:
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            Path(target).write_text(json.dumps(bill(), indent=1) + "\n", encoding="utf-8")
            return 0
        case ["licences"]:
            return licences()
        case ["audit"]:
            return audit()
        case _:
            print(__doc__)
            return 2


if __name__ == "__main__":
    sys.exit(main())
