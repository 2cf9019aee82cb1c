"""The draft on disk: whole or not at all, never with a secret."""

from pathlib import Path

import pytest

from console.ui.wizard import draft as draft_file
from console.ui.wizard.draft import AGAIN_FILE, FILE, DiskRow, Draft, Kept, TagRow


def test_a_draft_survives(tmp_path: Path) -> None:
    draft = Draft(name="web", data_disks=[DiskRow("a", 5, False)], tags=[TagRow("b", "c")])
    draft_file.save(tmp_path, draft_file.encoded(draft))
    assert draft_file.load(tmp_path).draft == draft
    assert [path.name for path in tmp_path.iterdir()] == ["wizard-draft.json"]
    draft_file.forget(tmp_path)
    assert draft_file.load(tmp_path) == Kept()


def test_it_has_no_place_for_a_secret() -> None:
    assert not [name for name in Draft.__struct_fields__ if "password" in name]


def test_it_is_for_this_user_only(tmp_path: Path) -> None:
    draft_file.save(tmp_path, draft_file.encoded(Draft()))
    assert (tmp_path / "wizard-draft.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("broken", [b"", b"{", b"\xff", b'{"processors": "four"}', b'{"tags": ""}'])
def test_a_broken_draft_is_set_aside_and_said(tmp_path: Path, broken: bytes) -> None:
    (tmp_path / "wizard-draft.json").write_bytes(broken)
    kept = draft_file.load(tmp_path)
    assert kept.draft is None
    assert "damaged" in kept.note
    assert "wizard-draft.unreadable.json" in kept.note
    assert draft_file.load(tmp_path) == Kept(), "it is said once"
    assert [path.name for path in tmp_path.iterdir()] == ["wizard-draft.unreadable.json"]
    assert (tmp_path / "wizard-draft.unreadable.json").read_bytes() == broken


def test_a_folder_that_cannot_be_written_is_told_and_keeps_the_old(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        draft_file.save(tmp_path / "missing", draft_file.encoded(Draft()))


def test_a_draft_of_a_creation_made_again_has_a_file_of_its_own(tmp_path: Path) -> None:
    for name, file in (("web-1", FILE), ("web-2", AGAIN_FILE)):
        draft_file.save(tmp_path, draft_file.encoded(Draft(name=name)), file)
    kept = draft_file.load(tmp_path)
    assert (kept.draft, kept.file) == (Draft(name="web-1"), FILE)
    draft_file.forget(tmp_path)
    kept = draft_file.load(tmp_path)
    assert (kept.draft, kept.file) == (Draft(name="web-2"), AGAIN_FILE)
    (tmp_path / FILE).write_bytes(b"{")
    kept = draft_file.load(tmp_path)
    assert kept.draft == Draft(name="web-2")
    assert "damaged" in kept.note


def test_a_draft_that_cannot_be_opened_is_said_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    kept = draft_file.load(tmp_path)
    assert kept.draft is None
    assert "could not be read" in kept.note
    assert (tmp_path / FILE).is_dir()
