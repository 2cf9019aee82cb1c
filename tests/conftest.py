"""Guards that every test runs under: no real network, no leaked threads, specs found or skipped."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
_LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(scope="session")
def specs() -> Path:
    """Folder of outside truth (published ARM types, recorded WS-Man traffic)."""
    folder = Path(os.environ.get("TLC_SPECS", REPOSITORY.parent / "shared" / "specs"))
    if not folder.is_dir():
        pytest.skip("outside truth (specs) is not here: set TLC_SPECS to its folder")
    return folder


@pytest.fixture(autouse=True)
def _refuse_real_network(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and not str(address[0]).startswith(_LOOPBACK):
            raise AssertionError(f"a test tried to reach {address[0]}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def _no_leaked_threads() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 3
    while leaked := [
        thread
        for thread in threading.enumerate()
        if thread not in before and thread.is_alive() and not _is_library_pool(thread)
    ]:
        if time.monotonic() > deadline:
            pytest.fail(f"threads outlived the test: {[thread.name for thread in leaked]}")
        time.sleep(0.02)


def _is_library_pool(thread: threading.Thread) -> bool:
    """asyncio's default executor is joined when its loop closes, after this guard ran."""
    return thread.name.startswith(("asyncio_", "pytest_timeout"))
