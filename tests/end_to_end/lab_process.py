"""A lab in a process of its own, with a way to look into its world from outside."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]


class Lab:
    """``endpoints`` as the lab printed them; ``ask`` answers about its world."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        assert process.stdout is not None
        self.endpoints: dict[str, Any] = json.loads(process.stdout.readline())

    def ask(self, do: str, **what: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **what}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert answer["ok"], answer
        return answer

    def fault(self, name: str, /, **args: Any) -> None:
        self.ask("fault", name=name, args=args)


@contextlib.contextmanager
def running_lab(scenario: str = "small") -> Iterator[Lab]:
    process = subprocess.Popen(
        [sys.executable, "-m", "console", "lab", "--json", "--control", "--scenario", scenario],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    )
    try:
        yield Lab(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()
