"""Long text, pasted or from a server, stays inside the page even where letters are large."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from console.ui.store import Store
from console.ui.wizard import flow
from console.ui.wizard.create_vm_wizard import CreateVmWizard
from tests.ui.conftest import RecordingBridge, settle

TYPED = {
    "name": "x" * 300,
    "admin_username": "u" * 300,
    "has_fixed_address": True,
    "address": "9" * 400,
    "dns_servers": "8" * 300,
    "http_proxy": "http://" + "p" * 400,
}


@pytest.fixture
def large_text(qapp: QApplication) -> Iterator[None]:
    before = qapp.font()
    larger = qapp.font()
    larger.setPointSizeF(2 * before.pointSizeF())
    qapp.setFont(larger)
    yield
    qapp.setFont(before)


@pytest.fixture
def wizard(
    store: Store, bridge: RecordingBridge, tmp_path: Path, large_text: None, qtbot: QtBot
) -> Iterator[CreateVmWizard]:
    made = CreateVmWizard(store, bridge, tmp_path)
    made.resize(1024, 700)
    made.show()
    yield made
    made._is_settled = True
    made.close()
    settle()


def is_inside(wizard: CreateVmWizard) -> bool:
    settle()
    return wizard.pages[wizard.page_index].horizontalScrollBar().maximum() == 0


def test_what_was_pasted_widens_no_page(wizard: CreateVmWizard, store: Store) -> None:
    networks = store.inventory.site.logical_networks
    static = next(network for network in networks if network.is_static)
    for name, value in {"logical_network_id": static.arm_id, **TYPED}.items():
        wizard._on_changed(name, value)
    for index in range(len(flow.PAGES)):
        wizard.show_page(index)
        assert is_inside(wizard), flow.PAGES[index].id


def test_a_name_from_a_server_widens_no_message(wizard: CreateVmWizard) -> None:
    editor = wizard.pages[0].editors["name"]
    editor.show_message("A VM named " + "n" * 2000 + " exists already.")
    assert is_inside(wizard)


def test_an_address_that_is_far_too_long_is_not_repeated(
    wizard: CreateVmWizard, store: Store
) -> None:
    networks = store.inventory.site.logical_networks
    wizard._on_changed("logical_network_id", next(n for n in networks if n.is_static).arm_id)
    wizard._on_changed("has_fixed_address", True)
    wizard._on_changed("address", "9" * 400)
    assert wizard.judgement().problems["address"] == "That is too long for an address."
