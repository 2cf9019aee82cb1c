"""Budgets and bans that no linter knows: sizes, lists, imports of the window process."""

import ast
import re
import statistics
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "console").rglob("*.py"))
MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 60
# Each longer function is excused by name, with its reason.
EXCUSED_FUNCTIONS: dict[str, str] = {}


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_file_is_longer_than_the_budget() -> None:
    too_long = {str(p.relative_to(ROOT)): _lines(p) for p in SOURCES if _lines(p) > MAX_FILE_LINES}
    assert not too_long


def test_files_are_small_in_the_middle_too() -> None:
    sizes = [_lines(path) for path in SOURCES if path.name != "__init__.py"]
    assert statistics.median(sizes) <= 180


def test_functions_are_short_or_excused_by_name() -> None:
    long = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                name = f"{path.relative_to(ROOT).as_posix()}::{node.name}"
                if length > MAX_FUNCTION_LINES and name not in EXCUSED_FUNCTIONS:
                    long[name] = length
    assert not long


def test_every_module_opens_with_a_sentence() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not silent


def test_nothing_calls_exec_on_a_dialog() -> None:
    # QDrag.exec and the application's own loop are the only ones (decision 4 of the design).
    allowed = re.compile(r"(drag|app|application|loop)\w*\.exec\(")
    offenders = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in SOURCES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"\.exec_?\(", line) and not allowed.search(line)
    ]
    assert not offenders


def test_certificates_are_never_ignored() -> None:
    forbidden = re.compile(
        r"verify\s*=\s*False|cert_validation\s*=\s*False|ssl\s*=\s*False|CERT_NONE"
        r"|connection_verify\s*=\s*False|allow_unencrypted_storage\s*=\s*True"
    )
    offenders = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in SOURCES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if forbidden.search(line) and "console/lab/" not in path.as_posix()
    ]
    assert not offenders


def test_rooms_of_the_page_are_the_rooms_of_the_house() -> None:
    page = (ROOT / "console" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = page.split("## Way 1")[0]
    named = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (.+?) \|", table, re.M))))
    rooms = {
        path.stem if path.is_file() else path.name
        for path in (ROOT / "console").iterdir()
        if (path.is_dir() and (path / "__init__.py").exists()) or path.suffix == ".py"
    } - {"__init__", "__main__", "__pycache__"}
    assert rooms == named


def test_the_window_process_never_imports_the_wires() -> None:
    code = (
        "import sys, console.app, console.ui.main_window, console.ui.bridge, "
        "console.ui.wizard.create_vm_wizard\n"
        "bad = {'azure', 'aiohttp', 'keyring', 'pypsrp', 'requests', 'numpy', 'psrpcore'}\n"
        "print(sorted(bad & {name.split('.')[0] for name in sys.modules}))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert answer.stdout.strip() == "[]"


def test_the_top_level_is_fixed() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    if tracked.returncode:
        pytest.skip("not a git checkout")
    top = {line.split("/")[0] for line in tracked.stdout.splitlines()}
    assert {name for name in top if not name.startswith(".")} <= {
        "pyproject.toml", "console", "resources", "tests", "packaging", "README.md", "LICENSE",
    }  # fmt: skip


def test_dependencies_have_an_upper_bound() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["test"]
    open_ended = [text for text in wanted if "<" not in text and "==" not in text]
    assert not open_ended
