"""The lab as a child process of the console: started, listened to, ended with it."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any


class LabChild:
    """Runs ``lab --json`` and hands over its endpoints; ends it by closing its input.

    ``on_ready`` gets the JSON object that the lab printed, ``on_gone`` a sentence; both are called
    on this object's own thread.
    """

    def __init__(
        self,
        scenario: str,
        on_ready: Callable[[dict[str, Any]], None],
        on_gone: Callable[[str], None],
        log: Path,
    ) -> None:
        self._on_ready, self._on_gone = on_ready, on_gone
        self._is_stopping = False
        with log.open("ab") as errors:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", "console", "lab", "--json", "--scenario", scenario],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        self._thread = threading.Thread(target=self._listen, name="lab-child", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """End the lab; kills it if it does not leave in time."""
        self._is_stopping = True
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._thread.join(timeout)

    def _listen(self) -> None:
        output: IO[bytes] | None = self._process.stdout
        assert output is not None
        with output:
            line = output.readline()
            try:
                endpoints = json.loads(line)
            except ValueError:
                endpoints = None
            if isinstance(endpoints, dict):
                self._on_ready(endpoints)
            # The lab prints nothing more: this returns when it ends.
            output.read()
        code = self._process.wait()
        if not self._is_stopping:
            self._on_gone(f"The lab ended by itself (exit code {code}).")
