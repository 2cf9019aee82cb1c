"""Starting again with another connection: the same interpreter and module, and no secret."""

import os
import sys

import pytest

from console.app import Again


@pytest.mark.skipif(os.name == "nt", reason="starts a process there instead")
def test_starting_again_names_the_profile_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[tuple[str, list[str]]] = []

    def execv(program: str, command: list[str]) -> None:
        started.append((program, command))
        raise SystemExit

    monkeypatch.setattr(os, "execv", execv)
    again = Again("/tmp/state")
    again.profile = "munich-1"
    with pytest.raises(SystemExit):
        again.start()
    program, command = started[0]
    assert program == sys.executable
    assert command[1:] == [
        "-m", "console", "--profile", "munich-1", "--state-folder", "/tmp/state"
    ]  # fmt: skip
