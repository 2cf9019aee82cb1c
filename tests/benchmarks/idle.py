"""Window and worker left alone with ``large``: CPU of one core, and memory."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from tests.benchmarks.row import Row

ROOT = Path(__file__).resolve().parents[2]
SETTLE_S, SECONDS = 25.0, 60.0


def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ}
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
        command = [sys.executable, "-m", "console", "--lab", "--scenario", "large"]
        process = subprocess.Popen([*command, "--state-folder", folder], cwd=ROOT, env=environment)
        try:
            time.sleep(SETTLE_S)
            window = psutil.Process(process.pid)
            worker = next(
                child for child in window.children(recursive=True) if "worker" in child.cmdline()
            )
            before = _cpu(window), _cpu(worker)
            time.sleep(SECONDS)
            used = _cpu(window) - before[0], _cpu(worker) - before[1]
            memory = window.memory_info().rss / 2**20, worker.memory_info().rss / 2**20
        finally:
            process.terminate()
            process.wait(10)
    return [
        Row("idle with 2,000 VMs, window and worker", sum(used) / SECONDS * 100, "% core", 3.0),
        Row("idle with 2,000 VMs, the window's share", used[0] / SECONDS * 100, "% core"),
        Row("memory with 2,000 VMs, window and worker", sum(memory), "MiB", 250.0),
        Row("memory with 2,000 VMs, the window's share", memory[0], "MiB"),
    ]


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
