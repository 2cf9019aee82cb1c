"""Presets as files: whole, without secrets, and refused in words where something is doubtful."""

import json
from pathlib import Path

import msgspec
import pytest

from console.model.inventory import Inventory
from console.ui.wizard import flow, presets
from console.ui.wizard.draft import DiskRow, Draft, ExistingDiskRow, TagRow
from console.ui.wizard.presets import FORMAT, VERSION, Preset, PresetError, decoded, encoded
from tests.ui.sample import snapshot

DRAFT = Draft(
    name="web-77",
    computer_name="other",
    address="10.0.0.7",
    has_fixed_address=True,
    interface_id="/nic",
    existing_disks=[ExistingDiskRow("/d")],
    processors=6,
    data_disks=[DiskRow("data", 64, False)],
    tags=[TagRow("owner", "erp & co")],
)


def written(**changes: object) -> bytes:
    whole = {"format": FORMAT, "version": VERSION, "name": "Web", "values": {}, **changes}
    return json.dumps({key: value for key, value in whole.items() if value is not None}).encode()


def test_it_comes_back_without_what_is_one_vms_own() -> None:
    preset = presets.preset_of("Web server", DRAFT)
    again = decoded(encoded(preset))
    assert again == preset
    assert again.draft.processors == 6
    assert again.draft.data_disks == DRAFT.data_disks
    for key in presets.OWN:
        assert getattr(again.draft, key) == getattr(Draft(), key)
        assert (
            f'"{key}"' not in encoded(preset).decode().split('"values"')[1].split("data_disks")[0]
        )
    assert DRAFT.name == "web-77", "the draft is left alone"


def test_it_has_no_place_for_a_secret() -> None:
    assert "password" not in encoded(presets.preset_of("p", DRAFT)).decode().lower()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe{", "not JSON"),
        (b"[]", "no preset of this console"),
        (b"[" * 5000, "not JSON"),
        (b'{"format": "x"}', "no preset of this console"),
        (written(version=2), "made by a newer console (version 2); this one reads 1"),
        (written(version=0), "never was"),
        (written(version="1"), "not complete"),
        (written(name=None), "not complete"),
        (written(more=1), "not complete"),
        (written(values={"cheese": 1}), "'cheese', which this console does not know"),
        (written(values={"name": "web"}), "'name', which this console does not know"),
        (written(values={"admin_password": "x"}), "never hold passwords"),
        (written(values={"processors": "four"}), "not right"),
        (written(values={"tags": [{"name": 1}]}), "not right"),
        (written(name=" "), "Give the preset a name"),
        (written(name="a\u202eb"), "cannot be seen"),
        (b" " * (256 * 1024 + 1), "far too large"),
    ],
)
def test_what_is_doubtful_is_refused_in_words(data: bytes, words: str) -> None:
    with pytest.raises(PresetError) as caught:
        decoded(data)
    assert words in str(caught.value)
    assert "x" * 3 not in str(caught.value)


def test_files(tmp_path: Path) -> None:
    folder = tmp_path / "presets"
    assert presets.listed(folder) == ()
    for name in ("Web server", "Ärzte & Co / 2", "..", "web SERVER"):
        presets.write(presets.path_of(folder, name), presets.preset_of(name, DRAFT))
    assert all(path.parent == folder for path in folder.iterdir())
    (folder / f"broken{presets.SUFFIX}").write_bytes(b"{")
    names = [one.name for one in presets.listed(folder)]
    assert names == ["..", "web SERVER", "Ärzte & Co / 2"], "one name in two cases is one preset"
    assert not list(folder.glob(".preset-*"))
    assert (folder.stat().st_mode & 0o077) == 0
    found = presets.read(presets.path_of(folder, ".."))
    assert isinstance(found, Preset)
    assert isinstance(presets.read(folder / f"broken{presets.SUFFIX}"), PresetError)
    with pytest.raises(OSError, match="none"):
        presets.read(folder / "none")


def test_applying_keeps_ones_own_and_tells_what_is_not_here() -> None:
    inventory = Inventory(snapshot("small"))
    start = flow.new_draft(inventory)
    start.name, start.computer_name = "web-78", "w78"
    wished = msgspec.structs.replace(
        presets.preset_of("Web", start).draft, processors=6, storage_path_id="/gone"
    )
    made, note = presets.applied(Preset("Web", wished), start, inventory)
    assert (made.name, made.computer_name, made.processors) == ("web-78", "w78", 6)
    assert made.storage_path_id == start.storage_path_id
    assert note == (
        "Filled in from the preset Web. Not offered here, so chosen anew: storage path."
    )
    made.data_disks.append(DiskRow("x"))
    assert wished.data_disks == [], "the preset itself is left alone"
    _, note = presets.applied(presets.preset_of("Web", start), start, inventory)
    assert note == "Filled in from the preset Web."
