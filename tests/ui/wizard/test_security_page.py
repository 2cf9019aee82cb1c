"""The security page tells what holds for this release, dated, and never ticks what nobody read."""

from pathlib import Path

import msgspec
import pytest
from PySide6.QtWidgets import QCheckBox, QLabel

from console.catalog import load_security_facts, security_facts
from console.model.node import ServiceState
from console.model.snapshot import SnapshotDelta
from console.ui.store import Store
from console.ui.wizard.create_vm_wizard import CreateVmWizard
from tests.ui.conftest import RecordingBridge, settle

replace = msgspec.structs.replace


def texts(wizard: CreateVmWizard) -> str:
    settle()
    return "\n".join(label.text() for label in wizard.pages[2].findChildren(QLabel))


@pytest.mark.parametrize(
    ("release", "integrity", "key"),
    [
        ("2504", "Not available on this release", "vault of a second instance"),
        ("11.2505.1001.22", "Not available on this release", "Backup-TVMKeys"),
        ("2508", "Not available on this release", "Backup-TVMKeys"),
        ("12.2509.1", "In preview since release 2509", "Backup-TVMKeys"),
        ("2510", "In preview since release 2509", "Backup-TVMKeys"),
        ("", "Not available on this release", "vault of a second instance"),
    ],
)
def test_it_follows_the_release(
    store: Store, bridge: RecordingBridge, tmp_path: Path, release: str, integrity: str, key: str
) -> None:
    store.apply(SnapshotDelta(cluster=replace(store.inventory.cluster, release=release)))
    wizard = CreateVmWizard(store, bridge, tmp_path)
    wizard.show_page(2)
    told = texts(wizard)
    for words in (integrity, key, "readable by administrators of the hosts only", "Not encrypted"):
        assert told.count(words) == 1, words
    assert ("release is not known" in told) == (release == "")
    assert "March 2025)" in told, "statements are dated"
    ticks = [box.text() for box in wizard.pages[2].findChildren(QCheckBox) if box.isChecked()]
    assert ticks == ["Secure Boot: on, locked", "vTPM: on, locked"]
    wizard.close()
    settle()


def test_agents_are_counted_as_they_were_read(
    store: Store, bridge: RecordingBridge, tmp_path: Path
) -> None:
    wizard = CreateVmWizard(store, bridge, tmp_path)
    wizard.show()
    wizard.show_page(2)
    assert "seen to run on 4 of 4" in texts(wizard)
    nodes = tuple(store.inventory.nodes.values())
    blind = (replace(nodes[0], igvm_agent=ServiceState.UNKNOWN), *nodes[1:])
    store.apply(SnapshotDelta(nodes=blind))
    wizard.show_page(2)
    assert "seen to run on 3 of 4" in texts(wizard)
    wizard.close()
    settle()


def test_each_topic_has_one_fact_for_each_release() -> None:
    topics = {fact.title for fact in load_security_facts()}
    for release in ("2311", "2504", "2505", "2509", "2606"):
        titles = [fact.title for fact in security_facts(release)]
        assert sorted(titles) == sorted(topics), release
