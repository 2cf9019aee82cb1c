"""Process start to the first painted window with last known data, beside a bare main window."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

from console.channel import stored_snapshot
from tests.benchmarks.row import Row
from tests.ui.sample import snapshot

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 11
LIMIT = 1.5


def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stored_snapshot.save(folder, "lab-small", snapshot("small"))
        stored_snapshot.save(folder, "lab-large", snapshot("large"))
        _keep_a_picture(folder)
        bare = [sys.executable, str(Path(__file__).with_name("bare_window.py"))]
        ours = [sys.executable, "-m", "console", "--state-folder", str(folder), "--lab"]
        large = [*ours, "--scenario", "large"]
        kinds = {
            "bare": (bare, "painted"),
            "picture": (ours, "painted"),
            "small": (ours, "live"),
            "large": (large, "live"),
        }
        times: dict[str, list[float]] = {kind: [] for kind in kinds}
        for at in range(ROUNDS + 1):  # interleaved; the first round only warms the disk cache
            for kind, (command, milestone) in kinds.items():
                seconds = until_painted(command, folder, milestone)
                if at:
                    times[kind].append(seconds)
    medians = {kind: statistics.median(each) for kind, each in times.items()}
    floor = medians["bare"]
    return [
        Row("start to last known picture", medians["picture"], "s", floor=floor),
        Row("start to last known picture / bare window", medians["picture"] / floor, "x", LIMIT, 1),
        Row("start to live views, 60 VMs known / bare window", medians["small"] / floor, "x"),
        Row("start to live views, 2,000 VMs known / bare window", medians["large"] / floor, "x"),
    ]


def _keep_a_picture(folder: Path) -> None:
    """As a run before would have left it behind."""
    view = ["-m", "console.ui.gallery", "map", "--snapshot", str(folder / "s.msgpack")]
    (folder / "s.msgpack").write_bytes(msgspec.msgpack.encode(snapshot("small")))
    out = ["--out", str(folder / "last-view.png")]
    subprocess.run([sys.executable, *view, *out], cwd=ROOT, check=True, stderr=subprocess.DEVNULL)


def until_painted(command: list[str], folder: Path, milestone: str) -> float:
    """Seconds from before the process was made until it told the milestone."""
    events = folder / "events.jsonl"
    events.write_text("")
    environment = {**os.environ, "PEER_EVENTS": str(events)}
    environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    started = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        while not (told := [line for line in _lines(events) if line["ev"] == milestone]):
            if time.monotonic() - started > 30:
                raise TimeoutError(" ".join(command))
            time.sleep(0.005)
    finally:
        process.kill()
        process.wait()
    return float(told[0]["t"]) - started


def _lines(events: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in events.read_text().splitlines() if line.endswith("}")]
