"""A second start on one state folder opens no second window: real processes, real signals."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.ui.one_window import ask_to_raise
from tests.end_to_end.lab_process import REPOSITORY

pytestmark = pytest.mark.timeout(120)


@contextlib.contextmanager
def started(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "console", "--lab", "--state-folder", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.communicate(timeout=20)


def is_up(folder: Path, seconds: float = 30.0) -> bool:
    return ask_to_raise(folder, "", "", seconds) is not None


def test_the_second_start_brings_the_first_to_the_front_and_ends(tmp_path: Path) -> None:
    with started(tmp_path) as first:
        assert is_up(tmp_path)
        with started(tmp_path) as second:
            out, _err = second.communicate(timeout=20)
            assert second.returncode == 0
            assert "open already: " in out
            assert "Trusted launch console (lab)" in out
        assert first.poll() is None


@pytest.mark.parametrize("attempt", range(2))
def test_of_two_started_at_once_one_stays(tmp_path: Path, attempt: int) -> None:
    with started(tmp_path) as one, started(tmp_path) as two:
        deadline = time.monotonic() + 30
        while one.poll() is None and two.poll() is None:
            assert time.monotonic() < deadline, "both stayed"
            time.sleep(0.1)
        assert sorted([one.poll() is None, two.poll() is None]) == [False, True]
        assert 0 in (one.poll(), two.poll())
        assert is_up(tmp_path)


def test_after_a_kill_the_next_start_opens_at_once(tmp_path: Path) -> None:
    with started(tmp_path) as first:
        assert is_up(tmp_path)
        first.kill()
        first.wait(10)
        with started(tmp_path) as second:
            assert is_up(tmp_path)
            assert second.poll() is None


def test_one_that_does_not_answer_is_said_in_words(tmp_path: Path) -> None:
    with started(tmp_path) as first:
        assert is_up(tmp_path)
        first.send_signal(signal.SIGSTOP)
        with started(tmp_path) as second:
            assert second.stderr is not None
            said = second.stderr.readline()
            assert "does not answer" in said
            time.sleep(1)
            assert second.poll() is None
