"""The fault suite as one table; ``--full`` takes over an hour."""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from tests.faults.experiments import EXPERIMENTS


def main() -> int:
    """0 if nothing was lost, doubled or wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--full", action="store_true", help="the long form, over an hour")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=EXPERIMENTS, action="append", default=[])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    print(f"{'fault':<16}{'runs':>9}{'lost':>6}{'doubled':>9}{'wrong':>7}{'s':>7}  seed")
    for name in options.only or EXPERIMENTS:
        began = time.monotonic()
        tally = EXPERIMENTS[name](options.seed, options.full)
        took = time.monotonic() - began
        print(
            f"{name:<16}{tally.runs:>9,}{tally.lost:>6}{tally.doubled:>9}{tally.wrong:>7}"
            f"{took:>7.0f}  {options.seed}",
            flush=True,
        )
        for sentence in (*tally.told, *tally.found):
            print(f"    {sentence}", flush=True)
        rows.append(
            {
                "fault": name,
                "runs": tally.runs,
                "lost": tally.lost,
                "doubled": tally.doubled,
                "wrong": tally.wrong,
                "seconds": round(took, 1),
                "seed": options.seed,
                "found": tally.found,
                "told": tally.told,
            }
        )
    totals = {
        column: sum(row[column] for row in rows) for column in ("runs", "lost", "doubled", "wrong")
    }
    if options.json is not None:
        report = {"totals": totals, "rows": rows}
        options.json.write_text(json.dumps(report, indent=1), encoding="utf-8")
    return int(bool(totals["lost"] or totals["doubled"] or totals["wrong"]))


if __name__ == "__main__":
    sys.exit(main())
