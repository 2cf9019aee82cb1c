"""PySide of the pinned range has the hook, and our modules' sources stay unread."""

import subprocess
import sys

_START = """
import linecache, sys
from PySide6.QtWidgets import QApplication
from console.ui import unread_sources
if sys.argv[1] == "unread":
    assert unread_sources.leave_unread()
from console.ui.theme import current
from PySide6.QtWidgets import QLabel
application = QApplication([])
assert QLabel("as ever").text() == "as ever" and not hasattr(QLabel, "set_text")
print(any(name.endswith("theme.py") for name in linecache.cache))
"""


def _is_read(how: str) -> bool:
    run = subprocess.run(
        [sys.executable, "-c", _START, how], capture_output=True, text=True, check=True, timeout=60
    )
    return {"True": True, "False": False}[run.stdout.strip()]


def test_a_module_imported_after_it_is_not_read():
    assert not _is_read("unread")


def test_without_it_pyside_reads_it():
    """Once this fails PySide has stopped reading, and ``unread_sources`` can go."""
    assert _is_read("as it is")
