"""A lab whose fleet is one cluster of N VMs, for measuring beside other consoles.

``python -m tests.benchmarks.fleet_lab N FILE``: writes its endpoints to FILE and serves until its
input closes. ``control`` in FILE is a local port that takes the control's lines (lab/control).
"""

import json
import os
import socketserver
import sys
import threading
from pathlib import Path

from console.lab import control
from console.lab.serve import running_lab
from console.lab.world import scenarios
from console.lab.world.clock import Clock
from console.lab.world.fleet import Fleet
from console.lab.world.site import Site


def main(count: int, file: Path) -> None:
    def one_cluster(clock: Clock, seed: int) -> Site:
        site = scenarios.empty(clock, seed)
        site.fleet = Fleet(seed, vms=count, clusters=1, subscriptions=1, denied=0)
        site.faults.graph_quota = 1_000_000
        return site

    scenarios.SCENARIOS["one-cluster"] = one_cluster
    if hasattr(os, "nice"):
        os.nice(5)
    with running_lab("one-cluster") as (site, told):
        assert site.fleet is not None
        told["fleet"] = [site.fleet.subscriptions[0].id]

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                for line in self.rfile:
                    self.wfile.write(json.dumps(control.answer(site, line.decode())).encode())
                    self.wfile.write(b"\n")

        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            told["control"] = server.server_address[1]
            half = file.with_suffix(".half")
            half.write_text(json.dumps(told))
            os.replace(half, file)
            sys.stdin.read()
            server.shutdown()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
