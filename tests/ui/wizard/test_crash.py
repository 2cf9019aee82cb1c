"""The console is killed while a person types: what was typed is there again, passwords are not."""

import subprocess
import sys
from pathlib import Path

from console.ui.wizard import draft as draft_file

_TYPES = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
application = QApplication([])
from console.ui.file_thread import file_thread
from console.ui.store import Store
from console.ui.wizard.create_vm_wizard import CreateVmWizard
from tests.ui.conftest import RecordingBridge
from tests.ui.sample import snapshot
store = Store()
store.replace(snapshot("small"))
wizard = CreateVmWizard(store, RecordingBridge(), Path(sys.argv[1]))
wizard.show()
wizard._on_changed("name", "web-77")
wizard._on_changed("admin_password", "Canary-Passw0rd-1")
wizard._on_changed("processors", 6)
def on_disk():
    file_thread().finish()
    print("kept", flush=True)
wizard._keep.timeout.connect(on_disk)
application.exec()
"""


def test_what_was_typed_survives_a_kill(tmp_path: Path) -> None:
    console = subprocess.Popen(
        [sys.executable, "-c", _TYPES, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=Path(__file__).resolve().parents[3],
    )
    try:
        assert console.stdout is not None
        assert console.stdout.readline() == "kept\n"
    finally:
        console.kill()
        console.communicate(timeout=20)
    kept = draft_file.load(tmp_path)
    assert kept.draft is not None
    assert (kept.draft.name, kept.draft.processors) == ("web-77", 6)
    assert not any(b"Canary" in path.read_bytes() for path in tmp_path.rglob("*.json"))
