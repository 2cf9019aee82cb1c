"""Placement by a proven solver (HiGHS) beside the heuristic: time, size, peak memory, moves, N+1.

The solver is installed into an environment of its own for this figure alone; the product does not
depend on it. Without a package registry the rows are left out, and that is said.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from console.checks.situation import Situation
from console.model.inventory import Inventory
from console.model.node import NodeState
from console.model.placement import AffinityKind
from console.model.plan import Plan, PlannedMove
from console.model.virtual_machine import PowerState
from console.planning.copied_cluster import CopiedCluster, used_mib
from console.planning.drain import plan_drain
from console.planning.judge import judge
from console.planning.rebalance import LEAST_SPREAD, plan_rebalance
from tests.benchmarks.planning import with_rules
from tests.benchmarks.row import Row
from tests.benchmarks.verdicts import four_times
from tests.ui.sample import snapshot

_TASK = Path(__file__).with_name("solver_task.py")
_MIB = 2**20


def run() -> list[Row]:
    large = snapshot("large")
    with _solver() as python:
        if python is None:
            print("solver: highspy could not be installed, its rows are left out")
            return []
        rows = [Row("solver and numpy on disk", _size(python), "MiB")]
        for cluster in (large, four_times(large)):
            inventory = Inventory(with_rules(cluster))
            rows += _drain(inventory, python)
            rows += _rebalance(inventory, python)
    return rows


def _drain(inventory: Inventory, python: Path) -> list[Row]:
    what = f"{len(inventory.nodes)} nodes"
    node = max(inventory.nodes, key=lambda name: len(inventory.vms_on(name)))
    situation = Situation(inventory, time.time())
    begun = time.perf_counter()
    plan = plan_drain(node, situation)
    own_s = time.perf_counter() - begun
    answer = _ask(python, _drain_task(inventory, plan))
    placed = answer["placed"]
    solved = Plan(
        plan.kind,
        plan.cluster,
        plan.made_at,
        tuple(PlannedMove(m.vm_key, m.vm_name, node, placed[m.vm_key]) for m in plan.moves),
        node,
    )
    own, other = judge(plan, situation), judge(solved, situation)
    bound, solved_peak = answer["bound"] * 100, _peak(inventory, solved)
    return [
        Row(f"solver, drain, {what}: import", answer["import_s"] * 1000, "ms"),
        _row(f"solver, drain, {what}: build and solve", "ms", answer["solve_s"] * 1e3, own_s * 1e3),
        _row(f"drain, {what}: peak, heuristic", "%", _peak(inventory, plan), bound, solved_peak),
        _row(f"drain, {what}: without N+1, heuristic", "steps", _lost(own), None, _lost(other)),
        Row(f"drain, {what}: steps a check refuses, solver", len(other.broken), "steps"),
    ]


def _rebalance(inventory: Inventory, python: Path) -> list[Row]:
    what = f"{len(inventory.nodes)} nodes"
    situation = Situation(inventory, time.time())
    begun = time.perf_counter()
    plan = plan_rebalance(situation)
    own_s = time.perf_counter() - begun
    answer = _ask(python, _rebalance_task(inventory))
    outlook = judge(plan, situation)
    least, most = answer["bound"], answer["moves"]
    return [
        _row(f"solver, rebalance, {what}: solve", "ms", answer["solve_s"] * 1e3, own_s * 1e3),
        _row(f"rebalance, {what}: moves, heuristic", "moves", len(plan.moves), least, most),
        Row(f"rebalance, {what}: steps without N+1, heuristic", _lost(outlook), "steps"),
    ]


def _row(name: str, unit: str, value: float, floor: float | None, peer: float | None = None) -> Row:
    """``floor``: what nothing can be below (of a time: ours); ``peer``: the solver's."""
    return Row(name, value, unit, None, floor, peer)


def _drain_task(inventory: Inventory, plan: Plan) -> dict[str, object]:
    """Every VM that moves, where a check of its own lets it go, and who must be apart."""
    copy = CopiedCluster(Situation(inventory, time.time()), leaving=plan.node)
    targets = copy.targets
    keys = [move.vm_key for move in plan.moves]
    groups = {inventory.vms[key].cluster.group: at for at, key in enumerate(keys)}  # type: ignore[union-attr]
    apart = [
        (groups[rule.groups[0]], groups[rule.groups[1]])
        for rule in inventory.cluster.affinity_rules or ()
        if rule.kind is AffinityKind.DIFFERENT_NODE and set(rule.groups) <= set(groups)
    ]
    nodes = {name: inventory.nodes[name] for name in targets}
    return {
        "kind": "drain",
        "vms": [{"key": key, "mib": inventory.vms[key].memory_mib, "may": targets} for key in keys],
        "used": {name: used_mib(node) for name, node in nodes.items()},
        "total": {name: node.memory_total_mib for name, node in nodes.items()},
        "apart": apart,
    }


def _rebalance_task(inventory: Inventory) -> dict[str, object]:
    nodes = {n.name: n for n in inventory.nodes.values() if n.state is NodeState.UP}
    counts: dict[str, dict[str, int]] = {}
    for name in nodes:
        sizes: dict[str, int] = {}
        for vm in inventory.vms_on(name):
            if vm.power is PowerState.RUNNING and vm.memory_mib:
                sizes[str(vm.memory_mib)] = sizes.get(str(vm.memory_mib), 0) + 1
        counts[name] = sizes
    return {
        "kind": "rebalance",
        "counts": counts,
        "used": {name: used_mib(node) for name, node in nodes.items()},
        "total": {name: node.memory_total_mib for name, node in nodes.items()},
        "spread": LEAST_SPREAD,
    }


def _peak(inventory: Inventory, plan: Plan) -> float:
    """Used memory of the fullest node in percent, once all is done."""
    copy = CopiedCluster(Situation(inventory, time.time()), leaving=plan.node)
    for move in plan.moves:
        copy.put(move.vm_key, move.target)
    nodes = (node for node in copy.inventory.nodes.values() if node.name != plan.node)
    return max((used_mib(node) or 0) / (node.memory_total_mib or 1) * 100 for node in nodes)


def _lost(outlook: object) -> int:
    return sum(step.survives_node_loss is False for step in outlook.steps)  # type: ignore[attr-defined]


def _ask(python: Path, task: dict[str, object]) -> dict[str, object]:
    done = subprocess.run(
        [str(python), str(_TASK)], input=json.dumps(task).encode(), capture_output=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])  # HiGHS writes above it


@contextmanager
def _solver() -> Iterator[Path | None]:
    """An interpreter that has highspy, in a folder that goes again."""
    with tempfile.TemporaryDirectory(prefix="tlconsole-solver-") as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        python = next(Path(folder).glob("[bS]*/python*"))
        wanted = [str(python), "-m", "pip", "install", "-q", "highspy>=1.9,<2"]
        done = subprocess.run(wanted, capture_output=True, check=False)
        yield python if done.returncode == 0 else None


def _size(python: Path) -> float:
    root = python.parents[1]
    found = [*root.rglob("highspy*"), *root.rglob("numpy"), *root.rglob("numpy.libs")]
    files = {path for top in found for path in top.rglob("*") if path.is_file()}
    return sum(path.stat().st_size for path in files) / _MIB
