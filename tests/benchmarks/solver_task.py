"""The same tasks for HiGHS, in an interpreter of its own: JSON in on stdin, JSON out on stdout.

Run by ``tests/benchmarks/solver.py`` with the interpreter of an environment that holds highspy.
"""

import json
import sys
import time

MOST_S = 20.0


def main() -> None:
    task = json.load(sys.stdin)
    begun = time.perf_counter()
    import highspy

    imported = time.perf_counter() - begun
    solve = {"drain": drain, "rebalance": rebalance}[task["kind"]]
    begun = time.perf_counter()
    answer = solve(highspy, task)
    answer |= {"import_s": imported, "solve_s": time.perf_counter() - begun}
    print()
    print(json.dumps(answer))


def drain(highspy, task):
    """Each VM on one node it may go to, so that the fullest node is as empty as can be."""
    model = _model(highspy)
    names, vms = list(task["used"]), task["vms"]
    peak = model.addVariable(lb=0.0)
    put = {(at, name): model.addBinary() for at, vm in enumerate(vms) for name in vm["may"]}
    for at, vm in enumerate(vms):
        model.addConstr(sum(put[at, name] for name in vm["may"]) == 1)
    for name in names:
        taken = [vm["mib"] * put[at, name] for at, vm in enumerate(vms) if (at, name) in put]
        used, total = task["used"][name], task["total"][name]
        model.addConstr(sum(taken) + used <= total * peak)
    for first, second in task["apart"]:
        for name in set(vms[first]["may"]) & set(vms[second]["may"]):
            model.addConstr(put[first, name] + put[second, name] <= 1)
    model.minimize(peak)
    placed = {}
    for (at, name), variable in put.items():
        if model.val(variable) > 0.5:
            placed[vms[at]["key"]] = name
    return {"peak": model.val(peak), "bound": _bound(model), "placed": placed}


def rebalance(highspy, task):
    """The fewest moves after which the nodes are within ``spread`` points of each other.

    VMs of one size on one node are alike, so only how many go where is asked: the rules of single
    VMs are left out, which makes this a bound that nothing can beat.
    """
    model = _model(highspy)
    low = model.addVariable(lb=0.0)
    nodes, counts = list(task["used"]), task["counts"]
    # Emptying in one go: what goes into a node and out of it counts by size.
    out = {
        (node, size): model.addIntegral(lb=0, ub=count)
        for node, sizes in counts.items()
        for size, count in sizes.items()
    }
    sizes = sorted({size for of in counts.values() for size in of}, key=int)
    into = {(node, size): model.addIntegral(lb=0) for node in nodes for size in sizes}
    for size in sizes:
        left = sum(out[node, size] for node in nodes if (node, size) in out)
        model.addConstr(left == sum(into[node, size] for node in nodes))
    for node in nodes:
        total, used = task["total"][node], task["used"][node]
        gone = sum(int(s) * out[node, s] for s in sizes if (node, s) in out)
        come = sum(int(s) * into[node, s] for s in sizes)
        after = 100.0 / total * (come - gone) + 100.0 * used / total
        model.addConstr(after >= low)
        model.addConstr(after <= low + task["spread"])
    model.minimize(sum(out.values()))
    return {"moves": sum(model.val(v) for v in out.values()), "bound": _bound(model)}


def _model(highspy):
    model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    model.setOptionValue("time_limit", MOST_S)
    return model


def _bound(model):
    """What no solution can be below."""
    return model.getInfo().mip_dual_bound


if __name__ == "__main__":
    main()
