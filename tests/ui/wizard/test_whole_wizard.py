"""Every page of the wizard filled by keys alone; what vanishes, fails or is hostile meanwhile."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QLabel,
    QListWidget,
    QPushButton,
    QWidget,
)

from console.model.finding import Finding, Severity
from console.model.request import (
    CreateVirtualMachine,
    DataDiskSpec,
    DomainJoinSpec,
    DynamicMemorySpec,
    NetworkInterfaceSpec,
    ProxySpec,
    VirtualMachineSpec,
)
from console.model.snapshot import SnapshotDelta
from console.ui import theme
from console.ui.store import Store
from console.ui.wizard import draft as draft_file
from console.ui.wizard import flow
from console.ui.wizard.create_vm_wizard import CreateVmWizard
from console.ui.wizard.draft import DiskRow, ExistingDiskRow, TagRow
from console.ui.wizard.starting import start_of
from tests.ui.conftest import RecordingBridge, answer, settle

PASSWORD = "Canary-Passw0rd-1"
HOSTILE = "<img src=x><b>bold</b>&amp;\u202egnp"


@pytest.fixture
def wizard(store: Store, bridge: RecordingBridge, tmp_path: Path) -> Iterator[CreateVmWizard]:
    made = CreateVmWizard(store, bridge, tmp_path)
    made.show()
    QTest.qWaitForWindowExposed(made)
    yield made
    try:
        made._is_settled = True
        made.close()
    except RuntimeError:
        pass  # it closed itself
    settle()


def key(what: Qt.Key, *held: Qt.KeyboardModifier) -> None:
    modifiers = Qt.KeyboardModifier.NoModifier
    for modifier in held:
        modifiers |= modifier
    focused = QApplication.focusWidget()
    assert focused is not None
    QTest.keyClick(focused, what, modifiers)
    settle(1)


def tab_to(name: str) -> None:
    """As a person would: Tab until the field has the cursor."""
    for _ in range(60):
        focused = QApplication.focusWidget()
        if focused is not None and focused.objectName() == name:
            return
        key(Qt.Key.Key_Tab)
    raise AssertionError(f"{name} cannot be reached with Tab")


def type_at(name: str, text: str) -> None:
    tab_to(name)
    key(Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    focused = QApplication.focusWidget()
    assert focused is not None
    QTest.keyClicks(focused, text)
    settle(1)


def forward() -> None:
    key(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)


def text_of(wizard: CreateVmWizard, name: str) -> str:
    label = wizard.findChild(QLabel, name)
    assert label is not None
    return label.text() if label.isVisible() else ""


def complete(wizard: CreateVmWizard) -> None:
    """The least that makes a request, typed quickly."""
    for name, value in (
        ("name", "web-77"),
        ("admin_username", "grace"),
        ("admin_password", PASSWORD),
        ("admin_password_again", PASSWORD),
    ):
        wizard._on_changed(name, value)
    wizard.show_page(flow.LAST)


def test_every_page_by_keys_alone_makes_exactly_this_request(
    wizard: CreateVmWizard, bridge: RecordingBridge, store: Store
) -> None:
    site = store.inventory.site
    type_at("field_name", "web-77")
    forward()
    key(Qt.Key.Key_Down)  # the second image
    forward()
    forward()
    type_at("field_processors", "6")
    type_at("field_memory_gib", "12")
    tab_to("field_is_dynamic")
    key(Qt.Key.Key_Space)
    type_at("field_memory_minimum_gib", "4")
    type_at("field_memory_maximum_gib", "32")
    type_at("field_memory_buffer", "30")
    tab_to("field_data_disks_add")
    key(Qt.Key.Key_Space)
    type_at("field_data_disks_0_name", "data1")
    type_at("field_data_disks_0_size_gib", "64")
    forward()
    type_at("field_admin_username", "grace")
    type_at("field_admin_password", PASSWORD)
    type_at("field_admin_password_again", PASSWORD)
    tab_to("field_joins_domain")
    key(Qt.Key.Key_Space)
    type_at("field_domain", "contoso.example")
    type_at("field_organizational_unit", "OU=Web,DC=contoso,DC=example")
    type_at("field_domain_user", "joiner@contoso.example")
    type_at("field_domain_password", "Another-Secret-2")
    forward()
    tab_to("field_logical_network_id")
    network = next(n for n in site.logical_networks if n.is_static)
    box = wizard.findChild(QComboBox, "field_logical_network_id")
    assert box is not None
    for _ in range(box.count()):
        if box.currentData() != network.arm_id:
            key(Qt.Key.Key_Down if box.currentIndex() == 0 else Qt.Key.Key_Up)
    tab_to("field_has_fixed_address")
    key(Qt.Key.Key_Space)
    tab_to("field_address")  # the next free one is there already
    type_at("field_dns_servers", "10.0.0.1, 10.0.0.2")
    tab_to("field_guest_management")
    key(Qt.Key.Key_Space)
    type_at("field_http_proxy", "http://proxy:8080")
    type_at("field_no_proxy", "localhost")
    forward()
    tab_to("field_tags_add")
    key(Qt.Key.Key_Space)
    type_at("field_tags_0_name", "owner")
    type_at("field_tags_0_value", "erp")
    forward()
    assert wizard.page_index == flow.LAST, wizard.problems()
    assert wizard.problems() == {}
    second_image = next(i for i in site.images if i.name == "win11-22h2-avd-01")
    best_path = max(site.storage_paths, key=lambda path: path.available_mib or 0)
    expected = CreateVirtualMachine(
        VirtualMachineSpec(
            name="web-77",
            subscription_id=site.subscriptions[0].id,
            resource_group="rg-lab",
            location="westeurope",
            custom_location_id=site.custom_locations[0].arm_id,
            image_id=second_image.arm_id,
            processors=6,
            memory_mib=12288,
            dynamic_memory=DynamicMemorySpec(4096, 32768, 30),
            storage_path_id=best_path.arm_id,
            data_disks=(DataDiskSpec("web-77-data1", 64, True, best_path.arm_id),),
            computer_name="web-77",
            admin_username="grace",
            domain_join=DomainJoinSpec(
                "contoso.example", "joiner@contoso.example", "OU=Web,DC=contoso,DC=example"
            ),
            network_interfaces=(
                NetworkInterfaceSpec("web-77-nic", network.arm_id, network.pools[0].start),
            ),
            dns_servers=("10.0.0.1", "10.0.0.2"),
            proxy=ProxySpec("http://proxy:8080", "", ("localhost",)),
            guest_management=False,
            tags={"owner": "erp"},
        )
    )
    request, told = bridge.checks[-1]
    assert request == expected
    told(())
    forward()
    assert bridge.submitted == [
        (
            expected,
            {"admin_password": PASSWORD, "domain_password": "Another-Secret-2"},
            "",
        )
    ]


def test_a_note_allows_creating_and_marks_its_page(
    wizard: CreateVmWizard, bridge: RecordingBridge
) -> None:
    complete(wizard)
    bridge.checks[-1][1]((Finding("x", Severity.NOTE, "Tight.", field="memory"),))
    assert wizard._create.isEnabled()
    spoken = wizard._steps.item(3).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "Size & storage: with notes"


def test_only_a_meant_enter_creates(wizard: CreateVmWizard, bridge: RecordingBridge) -> None:
    complete(wizard)
    bridge.checks[-1][1](())
    for widget in wizard._review.findChildren(QWidget):
        if widget.isVisible() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            widget.setFocus()
            key(Qt.Key.Key_Return)
            assert bridge.submitted == [], widget.objectName()
    # "Check again" was among them.
    bridge.checks[-1][1](())
    tab_to("wizard_create")
    key(Qt.Key.Key_Return)
    assert len(bridge.submitted) == 1


def test_silence_is_told_and_checking_again_asks_again(
    wizard: CreateVmWizard, bridge: RecordingBridge
) -> None:
    complete(wizard)
    assert text_of(wizard, "review_state") == "Asking Azure and the cluster …"
    wizard._silence.timeout.emit()
    assert "No answer yet" in text_of(wizard, "review_state")
    again = wizard.findChild(QPushButton, "review_again")
    assert again is not None
    again.setFocus()
    key(Qt.Key.Key_Space)
    assert len(bridge.checks) == 2
    assert not wizard._create.isEnabled()
    bridge.checks[-1][1](())
    assert wizard._create.isEnabled()
    assert "is fine" in text_of(wizard, "review_state")


def test_what_vanishes_meanwhile_is_told_and_not_replaced(
    wizard: CreateVmWizard, store: Store
) -> None:
    complete(wizard)
    chosen, site = wizard.draft.logical_network_id, store.inventory.site
    left = tuple(n for n in site.logical_networks if n.arm_id != chosen)
    store.apply(SnapshotDelta(site=msgspec.structs.replace(site, logical_networks=left)))
    assert wizard.draft.logical_network_id == chosen
    wizard.show_page(5)
    assert "not offered any more" in text_of(wizard, "err_logical_network_id")


def test_a_refused_image_is_seen_with_its_reason_and_cannot_be_chosen(
    wizard: CreateVmWizard,
) -> None:
    wizard.show_page(1)
    images = wizard.findChild(QListWidget, "field_image")
    assert images is not None
    (refused,) = images.findItems("golden-ws2022-custom", Qt.MatchFlag.MatchExactly)
    assert "Marketplace" in refused.data(Qt.ItemDataRole.AccessibleTextRole)
    before = wizard.draft.image
    images.scrollToItem(refused)
    QTest.mouseClick(
        images.viewport(), Qt.MouseButton.LeftButton, pos=images.visualItemRect(refused).center()
    )
    images.setCurrentItem(refused)
    assert wizard.draft.image == before


def test_hostile_names_are_shown_as_text(
    store: Store, bridge: RecordingBridge, tmp_path: Path
) -> None:
    site = store.inventory.site
    renamed = msgspec.structs.replace
    store.apply(
        SnapshotDelta(
            site=renamed(
                site,
                images=tuple(renamed(image, name=HOSTILE) for image in site.images),
                logical_networks=tuple(renamed(n, name=HOSTILE) for n in site.logical_networks),
                storage_paths=tuple(renamed(p, name=HOSTILE) for p in site.storage_paths),
            ),
            cluster=renamed(store.inventory.cluster, name=HOSTILE, release=HOSTILE),
        )
    )
    wizard = CreateVmWizard(store, bridge, tmp_path)
    wizard.show()
    complete(wizard)
    for page in range(len(flow.PAGES)):
        wizard.show_page(page)
        settle(1)
    for label in wizard.findChildren(QLabel):
        assert label.textFormat() is Qt.TextFormat.PlainText, label.text()
        assert "\u202e" not in label.text()
    images = wizard.findChild(QListWidget, "field_image")
    assert images is not None
    assert "<b>bold</b>" in images.item(images.count() - 1).text()
    assert "\u202e" not in images.item(images.count() - 1).text()
    wizard._is_settled = True
    wizard.close()
    settle()


# -- draft and leaving -------------------------------------------------------------------------
def test_escape_asks_going_on_keeps_and_discarding_forgets(
    wizard: CreateVmWizard, tmp_path: Path
) -> None:
    type_at("field_name", "web-77")
    key(Qt.Key.Key_Escape)
    answer(wizard, "Go on")
    assert wizard.isVisible()
    assert wizard.draft.name == "web-77"
    wizard._keep_draft()
    settle()
    assert (tmp_path / "wizard-draft.json").exists()
    wizard.close()
    wizard.close()  # asks once, not twice
    answer(wizard, "Discard")
    assert not (tmp_path / "wizard-draft.json").exists()


def test_a_kept_draft_says_so_and_can_be_thrown_away(
    wizard: CreateVmWizard, store: Store, bridge: RecordingBridge, tmp_path: Path
) -> None:
    type_at("field_name", "web-77")
    wizard.close()
    answer(wizard, "Keep draft")
    again = CreateVmWizard(
        store, bridge, tmp_path, start=start_of(store.inventory, kept=draft_file.load(tmp_path))
    )
    again.show()
    settle()
    banner = again.findChild(QWidget, "wizard_banner")
    over = again.findChild(QPushButton, "wizard_start_over")
    assert banner is not None
    assert over is not None
    assert banner.isVisible()
    assert again.draft.name == "web-77"
    over.setFocus()
    key(Qt.Key.Key_Space)
    assert again.draft.name == ""
    assert not banner.isVisible()
    assert not (tmp_path / "wizard-draft.json").exists()
    assert again.close()
    settle()


def test_the_draft_is_on_disk_shortly_after_typing(
    wizard: CreateVmWizard, tmp_path: Path, qtbot: object
) -> None:
    complete(wizard)
    assert wizard._keep.isActive()
    wizard._keep.timeout.emit()
    settle()
    kept = (tmp_path / "wizard-draft.json").read_text()
    assert "web-77" in kept
    assert PASSWORD not in kept


# -- sizes -------------------------------------------------------------------------------------
@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_it_fits_1024_by_700_even_with_text_twice_as_large(
    store: Store, bridge: RecordingBridge, tmp_path: Path, factor: float
) -> None:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    usual = application.font()
    large = application.font()
    large.setPointSizeF(usual.pointSizeF() * factor)
    application.setFont(large)
    try:
        wizard = CreateVmWizard(store, bridge, tmp_path)
        wizard.show()
        complete(wizard)
        wizard._on_changed("data_disks", [DiskRow("x" * 60, 5)])
        wizard._on_changed("existing_disks", [ExistingDiskRow()])
        wizard._on_changed("tags", [TagRow("a", "b")])
        for page in range(len(flow.PAGES)):
            wizard.show_page(page)
            settle(1)
            needed = wizard.minimumSizeHint()
            assert needed.width() <= 1024, page
            assert needed.height() <= 700, page
            # Nothing of a page is cut off at its side either, whatever was added to it.
            bar = wizard.pages[page].horizontalScrollBar()
            assert bar.maximum() == 0, page
        wizard._is_settled = True
        wizard.close()
        settle()
    finally:
        application.setFont(usual)


def test_a_theme_that_changes_keeps_outlines_visible(wizard: CreateVmWizard) -> None:
    theme.apply("dark")
    wizard.show_page(4)
    line = wizard.findChild(QWidget, "field_admin_username")
    assert line is not None
    assert line.palette().window().color() == theme.DARK.color("off")
    theme.apply("light")
    wizard.show_page(3)
    wizard.show_page(4)
    assert line.palette().window().color() == theme.LIGHT.color("window")


def test_everything_that_takes_keys_has_a_name_for_a_screen_reader(
    wizard: CreateVmWizard,
) -> None:
    for name, value in (
        ("joins_domain", True),
        ("is_dynamic", True),
        ("has_fixed_address", True),
        ("http_proxy", "http://proxy:8080"),
        ("data_disks", [DiskRow("a", 5)]),
        ("existing_disks", [ExistingDiskRow()]),
        ("tags", [TagRow("a", "b")]),
    ):
        wizard._on_changed(name, value)
    named = 0
    for page in range(len(flow.PAGES)):
        if page == flow.LAST:
            wizard._on_changed("existing_disks", [])
            complete_domain(wizard)
        wizard.show_page(page)
        settle(1)
        for widget in wizard.findChildren(QWidget):
            takes_keys = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
            if not (takes_keys and widget.isVisible()) or widget.focusProxy() is not None:
                continue
            spoken = QAccessible.queryAccessibleInterface(widget)
            assert spoken is not None
            text = spoken.text(QAccessible.Text.Name)
            assert text.strip("✕ "), f"page {page}: {widget.objectName() or widget}"
            named += 1
    assert named > 80


def complete_domain(wizard: CreateVmWizard) -> None:
    for name, value in (
        ("name", "web-77"),
        ("admin_username", "grace"),
        ("domain", "contoso.example"),
        ("domain_user", "a@contoso.example"),
    ):
        wizard._on_changed(name, value)
