"""Opens the creation wizard: one at a time, with the draft that a thread has read from disk."""

import functools
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from console.model.request import VirtualMachineSpec
from console.ui.ask import Ask
from console.ui.bridge import Bridge
from console.ui.file_thread import file_thread
from console.ui.store import Store


class WizardOpener(QObject):
    """A second wizard would write over the draft of the first: the first is raised instead.

    ``folder`` is where the draft is: each connection has its own, presets are shared by all.
    Signal: ``submitted(operation_id)`` of any wizard that was opened here.
    """

    submitted = Signal(str)

    def __init__(
        self, store: Store, bridge: Bridge, folder: Path, window: QWidget, ask: Ask
    ) -> None:
        super().__init__(window)
        self._store, self._bridge = store, bridge
        self.folder = self._shared = folder
        self._window, self._ask = window, ask
        self._wizard: QWidget | None = None
        self._is_coming = False

    def open(self, again: VirtualMachineSpec | None = None) -> None:
        """``again`` is what it begins with, else what was kept or can be learnt."""
        if self._is_coming:
            return
        if self._wizard is not None:
            self._wizard.raise_()
            self._wizard.activateWindow()
            if again is not None:
                text = f"Finish or close this wizard first, then create {again.name} again."
                self._ask.report("A wizard is open already", text)
            return
        # Here and not above: the window is painted before anybody creates a VM.
        from console.ui.wizard import draft as draft_file

        self._is_coming = True
        folder = self.folder
        show = functools.partial(self._show, again)
        file_thread().run(lambda: draft_file.load(folder), show, self)

    def _show(self, again: VirtualMachineSpec | None, kept: object) -> None:
        from console.ui.wizard.create_vm_wizard import CreateVmWizard
        from console.ui.wizard.draft import Kept
        from console.ui.wizard.starting import start_of

        self._is_coming = False
        known = kept if isinstance(kept, Kept) else None
        records = self._store.operations.values()
        start = start_of(self._store.inventory, records, known, again)
        wizard = CreateVmWizard(
            self._store, self._bridge, self.folder, self._window, start, presets=self._shared
        )
        wizard.destroyed.connect(self._on_gone)
        wizard.submitted.connect(self.submitted)
        self._wizard = wizard
        wizard.show()
        wizard.raise_()
        wizard.activateWindow()

    def _on_gone(self) -> None:
        self._wizard = None
