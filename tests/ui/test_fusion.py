"""Every application of ours is in Fusion, however it was made."""

import subprocess
import sys

OURS = """
from console.ui import fusion
application = fusion.make_application("console")
print(application.style().name(), application.arguments())
"""
ANOTHERS = """
from PySide6.QtWidgets import QApplication
from console.ui import fusion
application = QApplication(["console", "-style", "windows"])
before = application.style().name()
fusion.wear(application)
print(before, application.style().name())
"""


def run(code: str) -> str:
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return ran.stdout.strip()


def test_an_application_is_in_fusion_from_the_start() -> None:
    assert run(OURS) == "fusion ['console']"


def test_an_application_of_another_puts_it_on() -> None:
    assert run(ANOTHERS) == "windows fusion"
