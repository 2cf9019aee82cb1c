"""Settings survive, and a broken file is kept aside."""

import stat
from pathlib import Path

import pytest

from console import places, settings
from console.model.freshness import FaultCode


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    settings.save(tmp_path, settings.Settings(theme="dark", confirm_moves=False))
    loaded, fault = settings.load(tmp_path)
    assert (loaded.theme, loaded.confirm_moves, fault) == ("dark", False, None)


def test_no_file_means_defaults_without_complaint(tmp_path: Path) -> None:
    assert settings.load(tmp_path) == (settings.Settings(), None)


@pytest.mark.parametrize(
    "broken",
    [b"", b"{", b"\xff\xfe\x00", b'{"theme": "pink"}', b'{"confirm_moves": "maybe"}', b"[]"],
)
def test_a_broken_file_is_kept_aside_and_said(tmp_path: Path, broken: bytes) -> None:
    (tmp_path / "settings.json").write_bytes(broken)
    loaded, fault = settings.load(tmp_path)
    assert loaded == settings.Settings()
    assert fault is not None
    assert fault.code is FaultCode.MALFORMED
    aside = list(tmp_path.glob("settings.damaged-*"))
    assert [path.read_bytes() for path in aside] == [broken]
    assert aside[0].name in fault.kept


def test_a_newer_version_with_more_names_still_loads(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_bytes(b'{"theme": "light", "of_tomorrow": 1}')
    assert settings.load(tmp_path)[0].theme == "light"


def test_the_state_folder_is_private(tmp_path: Path) -> None:
    folder = places.state_folder(str(tmp_path / "state"))
    assert stat.S_IMODE(folder.stat().st_mode) & 0o077 == 0
