"""Image page: what this release supports, what is on the cluster, and why the rest is refused."""

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel, QListWidgetItem, QWidget

from console.catalog import load_images, release_number
from console.model.inventory import Inventory
from console.ui import theme
from console.ui.forms.two_line_items import TwoLineList
from console.ui.plain_text import one_line, plain
from console.ui.wizard import choices
from console.ui.wizard.choices import Choice
from console.ui.wizard.draft import Draft
from console.ui.wizard.field_editor import OnChanged
from console.ui.wizard.flow import Page
from console.ui.wizard.pages.fields import FieldsPage, paragraph

_VALUE = int(Qt.ItemDataRole.UserRole)


class ImagePage(FieldsPage):
    """A list in which nothing is hidden: what cannot be chosen is there, and says why."""

    widest_letters = 120

    def __init__(self, page: Page, on_changed: OnChanged, parent: QWidget | None = None) -> None:
        super().__init__(page, on_changed, parent)
        self._on_changed = on_changed
        self._shown: list[Choice] | None = None
        inside = self.inside
        self._rule = paragraph("", inside, is_muted=True)
        self._rule.setObjectName("image_rule")
        self._list = TwoLineList(inside)
        self._list.setObjectName("field_image")
        self._list.setAccessibleName("Images")
        self._list.setMinimumHeight(14 * self.fontMetrics().height())
        self._note = paragraph("", inside)
        self._note.setObjectName("image_note")
        self._message = QLabel(inside)
        self._message.setObjectName("err_image")
        self._message.setTextFormat(Qt.TextFormat.PlainText)
        self._message.setWordWrap(True)
        self.body.addWidget(self._rule)
        self.body.addWidget(self._list, 1)
        self.body.addWidget(self._message)
        self.body.addWidget(self._note)
        self._list.currentItemChanged.connect(self._on_current)

    def end(self) -> None:
        """The list takes the room that is left."""

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
        offered = choices.images(draft, inventory)
        if offered != self._shown:
            self._shown = offered
            self._fill_list(offered)
        self._select(draft.image)
        self._tell_note(draft, inventory)

    def show_messages(self, problems: Mapping[str, str], doubts: Mapping[str, str]) -> None:
        text, doubt = problems.get("image", ""), doubts.get("image", "")
        palette = self._message.palette()
        token = "critical" if text else "attention"
        palette.setColor(QPalette.ColorRole.WindowText, theme.current().color(token))
        self._message.setPalette(palette)
        said = f"✕ {plain(text)}" if text else f"▲ {plain(doubt)}" if doubt else ""
        self._message.setText(said)
        self._message.setVisible(bool(said))
        self._list.setAccessibleDescription(text or doubt)

    def focus_field(self, name: str) -> None:
        self._list.setFocus(Qt.FocusReason.OtherFocusReason)

    # -- inside --------------------------------------------------------------------------------
    def _fill_list(self, offered: list[Choice]) -> None:
        self._list.blockSignals(True)
        self._list.clear()
        for choice in offered:
            detail = one_line(choice.detail)
            if choice.why_not:
                detail += f"\nCannot be used. {one_line(choice.why_not)}"
            item = self._list.add(one_line(choice.text), detail)
            item.setData(_VALUE, choice.value)
            if choice.why_not:
                item.setFlags(Qt.ItemFlag.NoItemFlags)
                self._list.set_state(item, "cross", "off")
            elif choice.value.startswith("offer:"):
                self._list.set_state(item, "arrow", "accent")
            else:
                self._list.set_state(item, "check", "healthy")
        self._list.blockSignals(False)

    def _select(self, value: str) -> None:
        current = self._list.currentItem()
        if current is not None and current.data(_VALUE) == value:
            return
        self._list.blockSignals(True)
        rows = [r for r in range(self._list.count()) if self._list.item(r).data(_VALUE) == value]
        self._list.setCurrentRow(rows[0] if rows else -1)
        self._list.blockSignals(False)

    def _tell_note(self, draft: Draft, inventory: Inventory) -> None:
        offer = choices.offer_of(draft, inventory)
        note = ""
        if offer is not None:
            reference = offer.reference
            version = reference.version or "the newest, resolved at download"
            note = (
                f"Publisher {reference.publisher}, offer {reference.offer}, SKU {reference.sku}, "
                f"version {version}. It comes from Azure Marketplace before the VM is made, which "
                f"takes a while. {offer.note}"
            ).strip()
        self._note.setText(plain(note))
        self._note.setVisible(bool(note))

    def _on_current(self, item: QListWidgetItem | None, _before: object) -> None:
        if item is not None and item.flags() & Qt.ItemFlag.ItemIsEnabled:
            self._on_changed("image", str(item.data(_VALUE)))
