"""Every rule of the wizard once: typed wrong, told beside the field, typed right, gone."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QSpinBox,
    QWidget,
)

from console.model.snapshot import SnapshotDelta
from console.ui.store import Store
from console.ui.wizard import flow
from console.ui.wizard.create_vm_wizard import CreateVmWizard
from console.ui.wizard.draft import DiskRow
from tests.ui.conftest import RecordingBridge, settle
from tests.unit.checks.test_creation_rules import ED

NAME_60, DISK_60 = "a" * 60, "d" * 60


@pytest.fixture
def wizard(store: Store, bridge: RecordingBridge, tmp_path: Path) -> Iterator[CreateVmWizard]:
    made = CreateVmWizard(store, bridge, tmp_path)
    made.show()
    QTest.qWaitForWindowExposed(made)
    yield made
    made._is_settled = True
    made.close()
    settle()


def widget_of(wizard: CreateVmWizard, name: str) -> QWidget:
    found = wizard.findChild(QWidget, f"field_{name}")
    assert found is not None, name
    return found


def put(wizard: CreateVmWizard, name: str, value: str | int) -> None:
    """As a person would: all that stands there is replaced by keys."""
    wizard.show_page(flow.PAGE_OF.get(name, flow.PAGE_OF.get(name.split("_0_")[0], 0)))
    target = widget_of(wizard, name)
    target.setFocus()
    QTest.keyClick(target, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    if isinstance(target, QComboBox):
        target.setCurrentIndex(int(value))
    elif isinstance(target, QLineEdit | QPlainTextEdit) and value == "":
        QTest.keyClick(target, Qt.Key.Key_Delete)
    else:
        assert isinstance(target, QLineEdit | QPlainTextEdit | QSpinBox)
        QApplication.clipboard().setText(str(value))
        # Pasted and not clicked in one by one: look-alikes have no key.
        QTest.keyClick(target, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    settle(1)


def press(wizard: CreateVmWizard, name: str) -> None:
    wizard.show_page(flow.PAGE_OF[name.removesuffix("_add")])
    target = widget_of(wizard, name)
    target.setFocus()
    QTest.keyClick(target, Qt.Key.Key_Space)
    settle(1)


def told(wizard: CreateVmWizard, name: str) -> str:
    label = wizard.findChild(QLabel, f"err_{name.split('_0_')[0]}")
    assert label is not None
    return label.text() if label.isVisible() else ""


def use_linux(store: Store) -> None:
    images = tuple(
        msgspec.structs.replace(one, os_type="Linux") for one in store.inventory.site.images
    )
    site = msgspec.structs.replace(store.inventory.site, images=images)
    store.apply(SnapshotDelta(site=site))


JOIN, DYNAMIC, FIXED = ("joins_domain",), ("is_dynamic",), ("has_fixed_address",)
DISK, TAG = ("data_disks_add",), ("tags_add",)
RULES: list[tuple[tuple[str, ...], str, str | int, str, str | int]] = [
    # switches to press first, field, wrong, words, right
    ((), "name", "", "Give the VM a name", "web-77"),
    ((), "name", " web-77", "Take away the blanks", "web-77"),
    ((), "name", "web-77\u00a0", "Take away the blanks", "web-77"),
    ((), "name", "w\u0435b-77", "only looks like one", "web-77"),
    ((), "name", "Web-77", "lower-case letters only", "web-77"),
    ((), "name", "web_77", "Use letters a to z", "web-77"),
    ((), "name", "-web", "begin and end with", "web"),
    ((), "name", NAME_60, "at most 54", "a" * 54),
    ((), "name", "app-05", "exists already", "app-99x"),
    ((), "name", "spare-servers", "interface named spare-servers-nic exists", "web-77"),
    ((), "memory_gib", 4000, "No node has 4000 GiB free", 8),
    ((), "processors", 1000, "No node has more than", 4),
    (DYNAMIC, "memory_minimum_gib", 99, "Not more than the 8 GiB", 4),
    (DYNAMIC, "memory_maximum_gib", 4, "Not less than the 8 GiB", 16),
    (DISK, "data_disks_0_name", "", "Give disk 1 a name", "data"),
    (DISK, "data_disks_0_name", "-x", "begin and end", "x"),
    (DISK, "data_disks_0_name", "d\u0430ta", "only looks like one", "data"),
    (DISK, "data_disks_0_name", DISK_60, "64 are allowed", "data"),
    (DISK, "data_disks_0_size_gib", 60_000, "Filled up, these disks need", 64),
    ((), "admin_username", "", "Name the local administrator", "grace"),
    ((), "admin_username", "admin", "reserved", "grace"),
    ((), "admin_username", "grace ", "Take away the blanks", "grace"),
    ((), "admin_username", "gr\u0430ce", "only looks like one", "grace"),
    ((), "admin_username", "a" * 21, "allows 20", "grace"),
    ((), "admin_username", "gr@ce", "are not allowed", "grace"),
    ((), "admin_password", "", "Give the administrator a password", "Canary-Passw0rd-1"),
    ((), "admin_password", "short", "Azure asks for 12", "Canary-Passw0rd-1"),
    ((), "admin_password", "canarypassword", "three of", "Canary-Passw0rd-1"),
    ((), "computer_name", "a" * 16, "allows 15", "web"),
    ((), "computer_name", "123", "digits alone", "web"),
    ((), "computer_name", "a b", "Use letters", "web"),
    (JOIN, "domain", "contoso", "full name of the domain", "contoso.example"),
    (JOIN, "domain", "contoso.example ", "Take away the blanks", "contoso.example"),
    (JOIN, "organizational_unit", "Servers", "Give it as OU=", "OU=Servers,DC=a"),
    (JOIN, "domain_user", "joiner", "name@domain", "joiner@contoso.example"),
    (JOIN, "domain_password", "", "joining account's password", "Canary-Passw0rd-1"),
    (FIXED, "address", "", "Give the address", "10.110.3.3"),
    (FIXED, "address", "10.110", "not an address", "10.110.3.3"),
    (FIXED, "address", "192.168.1.1", "outside", "10.110.3.3"),
    (FIXED, "address", "10.110.14.9", "in use", "10.110.3.3"),
    (FIXED, "address", "10.110.0.5", "in no address pool", "10.110.3.3"),
    (FIXED, "address", "1" * 50, "too long", "10.110.3.3"),
    ((), "dns_servers", "10.0.0", "not an IP address", "10.0.0.1, 10.0.0.2"),
    ((), "dns_servers", "10.0.0.1 10.0.0.1", "stands twice", "10.0.0.1"),
    ((), "http_proxy", "proxy", "http://host:port", "http://proxy:8080"),
    ((), "http_proxy", "http://a:b@proxy:1", "stored readable", "http://proxy:8080"),
    ((), "https_proxy", "ftp://proxy", "http://host:port", ""),
    (TAG, "tags_0_name", "a<b", "must not hold", "owner"),
    (TAG, "tags_0_name", "tlc-operation", "set by the console", "owner"),
    (TAG, "tags_0_name", "own\u0435r", "only looks like one", "owner"),
    (TAG, "tags_0_name", " owner", "blanks around", "owner"),
]


@pytest.mark.parametrize(
    ("switches", "field", "wrong", "words", "right"),
    RULES,
    ids=[f"{row[1]}: {row[3]}" for row in RULES],
)
def test_rule_message_fixed(
    wizard: CreateVmWizard,
    switches: tuple[str, ...],
    field: str,
    wrong: str | int,
    words: str,
    right: str | int,
) -> None:
    if field != "name":
        put(wizard, "name", "web-77")
    for name in switches:
        press(wizard, name)
    if field == "data_disks_0_size_gib":
        put(wizard, "data_disks_0_name", "data")
    put(wizard, field, "x" if wrong == "" else right)  # so that it was touched
    put(wizard, field, wrong)
    assert words in told(wizard, field)
    assert words in widget_of(wizard, field.split("_0_")[0]).accessibleDescription()
    put(wizard, field, right)
    assert told(wizard, field) == ""


def test_the_passwords_have_to_agree(wizard: CreateVmWizard) -> None:
    put(wizard, "admin_password", "Canary-Passw0rd-1")
    put(wizard, "admin_password_again", "Canary-Passw0rd-2")
    assert "differ" in told(wizard, "admin_password_again")
    put(wizard, "admin_password_again", "Canary-Passw0rd-1")
    assert told(wizard, "admin_password_again") == ""


def test_exceptions_and_certificates_need_a_proxy(wizard: CreateVmWizard) -> None:
    assert not widget_of(wizard, "no_proxy").isVisible()
    put(wizard, "http_proxy", "http://proxy:8080")
    put(wizard, "no_proxy", "localhost")
    put(wizard, "trusted_ca", "MIIB")
    assert "BEGIN CERTIFICATE" in told(wizard, "trusted_ca")
    put(wizard, "trusted_ca", "")
    put(wizard, "http_proxy", "")
    assert "There is no proxy" in told(wizard, "no_proxy")
    put(wizard, "no_proxy", "")
    assert told(wizard, "no_proxy") == ""


def test_an_existing_disk_is_chosen_once_and_a_lost_one_is_told(
    wizard: CreateVmWizard, store: Store
) -> None:
    press(wizard, "existing_disks_add")
    press(wizard, "existing_disks_add")
    assert "Choose a disk in every row" in told(wizard, "existing_disks")
    first = widget_of(wizard, "existing_disks_0_arm_id")
    assert isinstance(first, QComboBox)
    assert first.itemText(1) == "archive-2023-data, 512 GiB, dynamic, user-storage-1"
    first.setCurrentIndex(1)
    second = widget_of(wizard, "existing_disks_1_arm_id")
    assert isinstance(second, QComboBox)
    second.setCurrentIndex(1)
    assert "chosen twice" in told(wizard, "existing_disks")
    second.setCurrentIndex(2)
    assert told(wizard, "existing_disks") == ""
    chosen = [row.arm_id for row in wizard.draft.existing_disks]
    site = store.inventory.site
    left = tuple(disk for disk in site.data_disks if disk.arm_id != chosen[0])
    store.apply(SnapshotDelta(site=msgspec.structs.replace(site, data_disks=left)))
    assert "archive-2023-data is not there any more" in told(wizard, "existing_disks")
    assert [row.arm_id for row in wizard.draft.existing_disks] == chosen, "never replaced"
    remove = wizard.findChild(QWidget, "field_existing_disks_0_remove")
    assert remove is not None
    remove.setFocus()
    QTest.keyClick(remove, Qt.Key.Key_Space)
    settle(1)
    assert told(wizard, "existing_disks") == ""


def test_an_existing_interface_takes_the_place_of_the_network_fields(
    wizard: CreateVmWizard, store: Store
) -> None:
    put(wizard, "name", "web-77")
    wizard.show_page(flow.PAGE_OF["interface_id"])
    box = widget_of(wizard, "interface_id")
    assert isinstance(box, QComboBox)
    offered = [box.itemText(at) for at in range(box.count())]
    assert offered[0].startswith("A new one, web-77-nic; ")
    assert offered[2] == "spare-servers-nic, lnet-servers-vlan110, 10.110.14.9"
    box.setCurrentIndex(2)
    for name in ("logical_network_id", "has_fixed_address", "dns_servers"):
        assert not widget_of(wizard, name).isVisible(), name
    chosen = wizard.draft.interface_id
    nics = tuple(
        msgspec.structs.replace(one, attached_vm_id="/machines/erp-1")
        if one.arm_id == chosen
        else one
        for one in store.inventory.site.network_interfaces
    )
    site = msgspec.structs.replace(store.inventory.site, network_interfaces=nics)
    store.apply(SnapshotDelta(site=site))
    assert "in use by erp-1" in told(wizard, "interface_id")
    box.setCurrentIndex(0)
    assert told(wizard, "interface_id") == ""
    assert widget_of(wizard, "logical_network_id").isVisible()


def test_linux_asks_for_keys_instead_of_a_domain(wizard: CreateVmWizard, store: Store) -> None:
    wizard.show_page(flow.PAGE_OF["ssh_keys"])
    assert not widget_of(wizard, "ssh_keys").isVisible()
    assert widget_of(wizard, "joins_domain").isVisible()
    use_linux(store)
    assert widget_of(wizard, "ssh_keys").isVisible()
    assert not widget_of(wizard, "joins_domain").isVisible()
    put(wizard, "admin_password", "x")
    put(wizard, "admin_password", "")
    assert "a password or an SSH key" in told(wizard, "admin_password")
    put(wizard, "ssh_keys", "hello")
    assert "Line 1 is no public key" in told(wizard, "ssh_keys")
    put(wizard, "ssh_keys", f"{ED} grace@desk\n")
    assert told(wizard, "ssh_keys") == ""
    assert told(wizard, "admin_password") == ""


def test_more_disks_than_a_vm_takes(wizard: CreateVmWizard) -> None:
    wizard.show_page(flow.PAGE_OF["data_disks"])
    wizard._on_changed("data_disks", [DiskRow(f"d{at}", 1) for at in range(257)])
    assert "takes 256 data disks" in told(wizard, "data_disks")
    wizard._on_changed("data_disks", [])
    assert told(wizard, "data_disks") == ""
