"""Reach the system inside a VM, and hand the VM over to a colleague as text."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication

from console.model.virtual_machine import PowerState, VirtualMachine
from console.ui.ask import Ask
from console.ui.entry import Entry, Scope
from console.ui.file_thread import file_thread
from console.ui.models.reaching import address_of, rdp_file, rdp_file_name, ssh_command
from console.ui.plain_text import one_line
from console.ui.store import Store

_FOLDER = "remote-desktop"


class Reaching(QObject):
    """``open_file(path)`` hands a file to the desktop; False if no program takes it."""

    def __init__(
        self,
        store: Store,
        ask: Ask,
        folder: Path,
        parent: QObject | None = None,
        open_file: Callable[[Path], bool] | None = None,
    ) -> None:
        super().__init__(parent)
        self._store, self._ask, self._folder = store, ask, folder / _FOLDER
        self._open_file = open_file or _open_with_desktop

    def entries(self) -> tuple[Entry, ...]:
        return (
            Entry(
                "remote_desktop",
                "Connect by Remote &Desktop",
                Scope.ONE_VM,
                lambda keys: self.remote_desktop(keys[0]),
                self.why_not,
                "Ctrl+D",
                starts_group=True,
            ),
            Entry(
                "copy_ssh",
                "Copy SS&H command",
                Scope.ONE_VM,
                lambda keys: self.copy_ssh(keys[0]),
                self.why_not,
            ),
            Entry(
                "copy_hand_over",
                "Copy hand-&over card",
                Scope.ONE_VM,
                lambda keys: self.copy_hand_over(keys[0]),
                lambda _: "",
                "Ctrl+Shift+H",
            ),
        )

    def why_not(self, keys: Sequence[str]) -> str:
        """Why the system inside cannot be reached; empty if it may answer."""
        vm = self._store.inventory.vms.get(keys[0])
        if vm is None:
            return "It is not there any more."
        if vm.power is not PowerState.RUNNING:
            if vm.power is PowerState.UNKNOWN:
                return (
                    "Nobody knows whether it runs, so nothing inside it can be reached from here."
                )
            return f"It is {str(vm.power).lower()}: nothing inside it answers."
        if not address_of(vm):
            return "No address of it is known that could be reached from here."
        return ""

    def remote_desktop(self, key: str) -> None:
        """Write the file and open it with the desktop's own program."""
        vm = self._vm(key)
        if vm is None or self.why_not([key]):
            return
        path, text = self._folder / rdp_file_name(vm), rdp_file(address_of(vm))

        def write() -> Path:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="ascii", newline="")
            return path

        name = one_line(vm.name)
        file_thread().run(write, lambda result: self._on_written(name, result), self)

    def copy_ssh(self, key: str) -> None:
        vm = self._vm(key)
        if vm is not None and not self.why_not([key]):
            QGuiApplication.clipboard().setText(ssh_command(vm, address_of(vm)))

    def copy_hand_over(self, key: str) -> None:
        # Here and not above: the first frame needs none of its words.
        from console.ui.models.hand_over import hand_over

        vm = self._vm(key)
        if vm is None:
            return
        store, now = self._store, time.time()
        records = list(store.operations.values())
        text = hand_over(vm, store.health_of(key), store.inventory, records, now)
        QGuiApplication.clipboard().setText(text)

    def _vm(self, key: str) -> VirtualMachine | None:
        return self._store.inventory.vms.get(key)

    def _on_written(self, name: str, result: object) -> None:
        title = f"Remote Desktop to {name}"
        if isinstance(result, OSError):
            text = "The file for Remote Desktop could not be written. Nothing was opened."
            self._ask.report(title, text, str(result))
        elif isinstance(result, Path) and not self._open_file(result):
            self._ask.report(
                title,
                "No program on this computer opens Remote Desktop files. The file is kept; open it "
                f"with a program of your choice:\n\n{result}",
            )


def _open_with_desktop(path: Path) -> bool:
    return QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
