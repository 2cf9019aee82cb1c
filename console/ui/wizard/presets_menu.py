"""The button with the presets: load one, keep the present draft as one, share them as files."""

import functools
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMenu, QPushButton, QWidget

from console.ui.ask import Ask
from console.ui.file_thread import file_thread
from console.ui.plain_text import one_line
from console.ui.wizard import presets
from console.ui.wizard.draft import Draft
from console.ui.wizard.presets import Preset, PresetError

_FILTER = f"VM presets (*{presets.SUFFIX});;All files (*)"


class PresetsButton(QPushButton):
    """``take`` gets a preset that was chosen; ``draft`` tells what stands in the wizard now."""

    def __init__(
        self,
        folder: Path,
        draft: Callable[[], Draft],
        take: Callable[[Preset], None],
        parent: QWidget,
    ) -> None:
        super().__init__("&Presets", parent)
        self.setObjectName("wizard_presets")
        self.setAutoDefault(False)
        self.setAccessibleDescription("Fill in from a preset, or keep this as one")
        self._folder, self._draft, self._take = folder / "presets", draft, take
        self._ask = Ask(self)
        self._known: tuple[Preset, ...] = ()
        self._menu = QMenu(self)
        self.setMenu(self._menu)
        self._fill()
        self._look()

    def _look(self) -> None:
        file_thread().run(lambda: presets.listed(self._folder), self._on_listed, self)

    def _on_listed(self, found: object) -> None:
        if isinstance(found, tuple):
            self._known = found
            self._fill()

    def _fill(self) -> None:
        menu = self._menu
        menu.clear()
        for preset in self._known:
            # An ampersand of a name is no key.
            action = menu.addAction(one_line(preset.name).replace("&", "&&"))
            action.triggered.connect(functools.partial(self._chosen, preset))
        if not self._known:
            menu.addAction("No presets kept yet").setEnabled(False)
        menu.addSeparator()
        menu.addAction("&Keep this as a preset…").triggered.connect(self._ask_name)
        menu.addAction("&Import from a file…").triggered.connect(self._ask_import)
        menu.addAction("&Export this to a file…").triggered.connect(self._ask_export)
        remove = menu.addMenu("&Remove")
        remove.setEnabled(bool(self._known))
        for preset in self._known:
            action = remove.addAction(one_line(preset.name).replace("&", "&&"))
            action.triggered.connect(functools.partial(self._ask_remove, preset))

    def _chosen(self, preset: Preset, _checked: bool = False) -> None:
        self._take(preset)

    # -- keeping -------------------------------------------------------------------------------
    def _ask_name(self) -> None:
        dialog = QInputDialog(self)
        dialog.setObjectName("preset_name")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle("Keep as a preset")
        dialog.setLabelText("Name. Passwords and what belongs to this one VM are left out.")
        dialog.textValueSelected.connect(self._on_name)
        dialog.open()

    def _on_name(self, name: str) -> None:
        name = name.strip()
        if wrong := presets.why_no_name(name):
            self._ask.report("Nothing was kept", wrong)
            return
        preset = presets.preset_of(name, self._draft())
        self._keep(presets.path_of(self._folder, name), preset, is_new=True)

    def _keep(self, path: Path, preset: Preset, *, is_new: bool = False) -> None:
        then = functools.partial(self._on_written, path, preset)
        file_thread().run(lambda: presets.write(path, preset, is_new=is_new), then, self)

    def _on_written(self, path: Path, preset: Preset, result: object) -> None:
        if isinstance(result, FileExistsError):
            text = f"There is a preset {one_line(preset.name)} already. Replace it?"
            replace = functools.partial(self._keep, path, preset)
            self._ask.confirm("Replace?", text, "Replace", replace)
        elif isinstance(result, OSError):
            why = result.strerror or "the disk gave no reason"
            self._ask.report("The preset could not be written", f"{why}: {path.name}")
        self._look()

    def _ask_remove(self, preset: Preset, _checked: bool = False) -> None:
        path = presets.path_of(self._folder, preset.name)

        def remove() -> None:
            then = functools.partial(self._on_written, path, preset)
            file_thread().run(lambda: path.unlink(missing_ok=True), then, self)

        text = f"Remove the preset {one_line(preset.name)}?"
        self._ask.confirm("Remove?", text, "Remove", remove)

    # -- files ---------------------------------------------------------------------------------
    def _ask_import(self) -> None:
        dialog = self._file_dialog("Import a preset", QFileDialog.AcceptMode.AcceptOpen)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self._on_import)
        dialog.open()

    def _on_import(self, path: str) -> None:
        file_thread().run(lambda: presets.read(Path(path)), self._on_read, self)

    def _on_read(self, found: object) -> None:
        if isinstance(found, Preset):
            self._take(found)
        elif isinstance(found, PresetError):
            self._ask.report("The preset was not taken", f"{found} Nothing was changed.")
        elif isinstance(found, OSError):
            why = found.strerror or "no reason was given"
            self._ask.report("The file could not be read", f"{why}. Nothing was changed.")

    def _ask_export(self) -> None:
        dialog = self._file_dialog("Export as a preset", QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile(f"vm{presets.SUFFIX}")
        dialog.fileSelected.connect(self._on_export)
        dialog.open()

    def _on_export(self, path: str) -> None:
        target = Path(path)
        name = target.name.removesuffix(presets.SUFFIX).removesuffix(".json")[:40]
        if presets.why_no_name(name):
            name = "preset"
        self._keep(target, presets.preset_of(name, self._draft()))

    def _file_dialog(self, title: str, mode: QFileDialog.AcceptMode) -> QFileDialog:
        dialog = QFileDialog(self, title)
        dialog.setObjectName("preset_file")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(mode)
        dialog.setNameFilter(_FILTER)
        return dialog
