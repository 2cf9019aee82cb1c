"""Image page: what this release supports, what is on the cluster, and why the rest is refused."""

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QListWidget, QListWidgetItem, QWidget

from console.catalog import load_images, release_number
from console.model.inventory import Inventory
from console.ui.plain_text import one_line, plain
from console.ui.wizard.draft import Draft
from console.ui.wizard.field_editor import OnChanged
from console.ui.wizard.flow import Choice, Page, images, offers
from console.ui.wizard.pages.fields import FieldsPage, paragraph

_VALUE = int(Qt.ItemDataRole.UserRole)


class ImagePage(FieldsPage):
    """A list in which nothing is hidden: what cannot be chosen is there, and says why."""

    def __init__(self, page: Page, on_changed: OnChanged, parent: QWidget | None = None) -> None:
        super().__init__(page, on_changed, parent)
        self._on_changed = on_changed
        self._shown: list[Choice] | None = None
        inside = self.inside
        self._rule = paragraph("", inside, is_muted=True)
        self._rule.setObjectName("image_rule")
        self._list = QListWidget(inside)
        self._list.setObjectName("field_image")
        self._list.setAccessibleName("Images")
        self._list.setWordWrap(True)
        self._list.setMinimumHeight(16 * self.fontMetrics().height())
        self._note = paragraph("", inside)
        self._problem = QLabel(inside)
        self._problem.setObjectName("err_image")
        self._problem.setTextFormat(Qt.TextFormat.PlainText)
        for widget in (self._rule, self._list, self._problem, self._note):
            self.body.addWidget(widget)
        self._list.currentItemChanged.connect(self._on_current)

    def fill(self, draft: Draft, secrets: Mapping[str, str], inventory: Inventory) -> None:
        super().fill(draft, secrets, inventory)
        release = inventory.cluster.release
        rule = load_images().rule_for(release)
        known = (
            f"Release {release}"
            if release_number(release) is not None
            else "The release of this cluster is not known, so the strictest rule holds"
        )
        self._rule.setText(plain(f"{known}: {rule.text} Source: {rule.source}."))
        choices = images(inventory)
        if choices != self._shown:
            self._shown = choices
            self._fill_list(choices)
        for row in range(self._list.count()):
            if self._list.item(row).data(_VALUE) == draft.image:
                self._list.setCurrentRow(row)
        self._tell_note(draft, inventory)

    def show_problems(self, wrong: Mapping[str, str]) -> None:
        text = wrong.get("image", "")
        if text and not self._shown:
            text = "This cluster has no image and its release supports none that is known here."
        self._problem.setText(f"✕ {text}" if text else "")
        self._problem.setVisible(bool(text))

    def focus_field(self, name: str) -> None:
        self._list.setFocus(Qt.FocusReason.OtherFocusReason)

    def _fill_list(self, choices: list[Choice]) -> None:
        self._list.blockSignals(True)
        self._list.clear()
        for choice in choices:
            text = one_line(choice.text)
            if choice.why_not:
                text += f"\n    Cannot be used: {one_line(choice.why_not)}"
            item = QListWidgetItem(text)
            item.setData(_VALUE, choice.value)
            if choice.why_not:
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsSelectable)
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEnabled)
            self._list.addItem(item)
        self._list.blockSignals(False)

    def _tell_note(self, draft: Draft, inventory: Inventory) -> None:
        kind, _, which = draft.image.partition(":")
        note = ""
        if kind == "offer":
            offer = offers(inventory)[int(which)]
            reference = offer.reference
            version = reference.version or "newest, resolved at download"
            note = (
                f"{reference.publisher} / {reference.offer} / {reference.sku}, version {version}. "
                f"It is downloaded from Azure Marketplace first. {offer.note}"
            )
        self._note.setText(plain(note))
        self._note.setVisible(bool(note))

    def _on_current(self, item: QListWidgetItem | None, _before: object) -> None:
        if item is not None:
            self._on_changed("image", str(item.data(_VALUE)))
