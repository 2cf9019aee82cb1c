"""Says when the window was first painted, for benchmarks: one JSON line in the file PEER_EVENTS.

Times are CLOCK_MONOTONIC seconds, so that another process can compare them with its own.
"""

import os
import time


def note(name: str, **figures: float) -> None:
    """Write one milestone; does nothing unless the environment names a file."""
    path = os.environ.get("PEER_EVENTS")
    if path:
        import json  # two milliseconds that no start without a benchmark pays

        line = {"ev": name, "t": time.monotonic(), "cpu": time.process_time(), **figures}
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
