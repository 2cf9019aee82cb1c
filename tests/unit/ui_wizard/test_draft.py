"""The draft on disk: whole or not at all, never with a secret."""

from pathlib import Path

import pytest

from console.ui.wizard import draft as draft_file
from console.ui.wizard.draft import DiskRow, Draft, TagRow


def test_a_draft_survives(tmp_path: Path) -> None:
    draft = Draft(name="web", data_disks=[DiskRow("a", 5, False)], tags=[TagRow("b", "c")])
    draft_file.save(tmp_path, draft)
    assert draft_file.load(tmp_path) == draft
    assert [path.name for path in tmp_path.iterdir()] == ["wizard-draft.json"]
    draft_file.forget(tmp_path)
    assert draft_file.load(tmp_path) is None


def test_it_has_no_place_for_a_secret() -> None:
    assert not [name for name in Draft.__struct_fields__ if "password" in name]


def test_it_is_for_this_user_only(tmp_path: Path) -> None:
    draft_file.save(tmp_path, Draft())
    assert (tmp_path / "wizard-draft.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("broken", [b"", b"{", b"\xff", b'{"processors": "four"}', b'{"tags": ""}'])
def test_a_broken_draft_is_as_good_as_none(tmp_path: Path, broken: bytes) -> None:
    (tmp_path / "wizard-draft.json").write_bytes(broken)
    assert draft_file.load(tmp_path) is None
    assert [path.name for path in tmp_path.iterdir()] == ["wizard-draft.unreadable.json"]
    assert (tmp_path / "wizard-draft.unreadable.json").read_bytes() == broken


def test_a_folder_that_cannot_be_written_is_told_and_keeps_the_old(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        draft_file.save(tmp_path / "missing", Draft())
