"""The JEA kit: role files from the one catalogue of functions, and everything in one archive.

python packaging/jea_kit.py OUT.zip     the kit, as it is unpacked on a node
python packaging/jea_kit.py --write     write the role files of resources/scripts anew
python packaging/jea_kit.py --check     fail if they are not what the catalogue says
"""

import sys
import tomllib
import zipfile
from pathlib import Path

RESOURCES = Path(__file__).resolve().parent.parent / "resources"
SCRIPTS, JEA = RESOURCES / "scripts", RESOURCES / "jea"
MODULE = "TrustedLaunchConsole"
# Role, its sentence, its identity, and whose functions it has.
ROLES = (
    ("Reader", "Role of a reader: sees everything, changes nothing.", "01", ("reader",)),
    (
        "Operator", "Role of an operator: reads, and moves VMs between nodes.", "02",
        ("reader", "operator"),
    ),
    (
        "Administrator",
        "Role of an administrator: an operator who also takes nodes into and out of maintenance.",
        "03", ("reader", "operator", "administrator"),
    ),
)  # fmt: skip


def role_of(function: dict[str, object]) -> str:
    """The least role that may call it: what reads, a reader; what acts, an operator unless told."""
    return str(function.get("role") or ("operator" if function["is_act"] else "reader"))


def role_files() -> dict[str, str]:
    """File name and text of every role file."""
    functions = tomllib.loads((SCRIPTS / "functions.toml").read_text(encoding="utf-8"))["function"]
    return {f"Tlc{role[0]}.psrc": _text(functions, *role) for role in ROLES}


def _text(
    functions: list[dict[str, object]], role: str, does: str, number: str, roles: tuple[str, ...]
) -> str:
    names = [str(each["name"]) for each in functions if role_of(each) in roles]
    lines = ",\n".join(f"        '{name}'" for name in names)
    return (
        f"# {does}\n"
        "# Functions of our own module only. Made by packaging/jea_kit.py from functions.toml.\n"
        "@{\n"
        f"    GUID             = '0b7a8c3e-51c4-4c0e-a3a5-7f6b8d1f9a{number}'\n"
        f"    Description      = 'Trusted launch console, {role.lower()}'\n"
        f"    ModulesToImport  = @('{MODULE}')\n"
        f"    VisibleFunctions = @(\n{lines}\n    )\n"
        "}\n"
    )


def build(target: Path) -> list[str]:
    """Write the kit; the names in it. The same input gives the same bytes."""
    parts: dict[str, bytes] = {
        f"{MODULE}/{MODULE}.psd1": (SCRIPTS / f"{MODULE}.psd1").read_bytes(),
        f"{MODULE}/{MODULE}.psm1": (SCRIPTS / f"{MODULE}.psm1").read_bytes(),
        "TlcEndpoint.ps1": (JEA / "TlcEndpoint.ps1").read_bytes(),
        "README.md": (JEA / "README.md").read_bytes(),
    }
    for name, text in role_files().items():
        parts[f"{MODULE}/RoleCapabilities/{name}"] = text.encode()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(parts):
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), parts[name])
    return sorted(parts)


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    folder = SCRIPTS / "RoleCapabilities"
    if sys.argv[1] == "--write":
        for name, text in role_files().items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
        return 0
    if sys.argv[1] == "--check":
        stale = [
            name
            for name, text in role_files().items()
            if (folder / name).read_text(encoding="utf-8") != text
        ]
        print(
            "Not as the catalogue says: " + ", ".join(stale) if stale else "Role files are right."
        )
        return 1 if stale else 0
    print("\n".join(build(Path(sys.argv[1]))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
