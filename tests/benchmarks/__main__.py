"""``python -m tests.benchmarks [NAME …] [--json F]`` runs all or the named benchmarks."""

import argparse
import importlib
import json
import sys
from pathlib import Path

from tests.benchmarks.row import Row

NAMES = (
    "start_up",
    "verdicts",
    "drag",
    "planning",
    "solver",
    "snapshot",
    "refresh",
    "fleet",
    "operations",
    "idle",
    "journal",
    "long_history",
    "recovery",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows: list[Row] = []
    print(f"{'figure':<46} {'value':>9} {'unit':<8} {'limit':>9} {'floor':>9}")
    for name in options.names or NAMES:
        for row in importlib.import_module(f"tests.benchmarks.{name}").run():
            rows.append(row)
            print(row.text(), flush=True)
    if options.json is not None:
        options.json.write_text(json.dumps({"rows": [row.as_dict() for row in rows]}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
