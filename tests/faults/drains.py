"""A node of the large cluster is emptied by its plan while the cluster falls apart around it.

One target dies in mid-pass, remoting drops for a while, and somebody else takes a VM of the plan
away. The plan's own comparison of promised and done is held against what the lab's world counted;
then what is left is planned anew and brought to its end.
"""

import random
import tempfile
import time
import uuid
from collections import Counter
from pathlib import Path

from console.channel.messages import Submit
from console.checks.situation import Situation
from console.model.operation import OperationRecord, OperationState
from console.model.outlook import Outlook
from console.model.plan import Plan
from console.planning.afterwards import PlanRun, compare, run_of
from console.planning.asked import asked_of
from console.planning.drain import plan_drain
from console.planning.editing import without
from console.planning.judge import judge
from tests.end_to_end.lab_process import Lab, running_lab
from tests.faults.proxy import FINE, FaultProxy, Mood, proxies
from tests.faults.real_console import Console, console_on
from tests.faults.tally import Tally

_S = OperationState
_SPEED = 10.0
SHORT_MOVES = 14
_SILENT_S = 15.0
_DROPPED = Mood("dropped", is_refused=True, cut_after=0)
_SOMEBODY = "somebody-else"
_NOT_DONE = (_S.FAILED, _S.BLOCKED, _S.CANCELED)


def run(seed: int, is_full: bool) -> Tally:
    """One drain with its three faults: all of a node's VMs, or a few of them."""
    with (
        tempfile.TemporaryDirectory(prefix="tlconsole-drains-") as folder,
        running_lab("large") as lab,
        proxies(_addresses(lab), seed) as made,
    ):
        lab.ask("speed", factor=_SPEED)
        names = lab.endpoints["cluster"]["nodes"]
        nodes = {name: proxy.address for name, proxy in zip(names, made, strict=True)}
        with console_on(lab, Path(folder), nodes=nodes) as console:
            drain = _Drain(console, lab, made, random.Random(seed), f"seed {seed}")
            drain.live(None if is_full else SHORT_MOVES)
            return drain.tally


class _Drain:
    def __init__(
        self,
        console: Console,
        lab: Lab,
        wires: list[FaultProxy],
        chance: random.Random,
        what: str,
    ) -> None:
        self._console, self._lab, self._wires, self._chance = console, lab, wires, chance
        self._what = what
        self._dead = ""  # the node that died
        self._taken_key = ""  # the VM that somebody else moves
        self._told_once: set[str] = set()
        self.tally = Tally()

    def live(self, most: int | None) -> None:
        console = self._console
        if not console.until(self._is_read, 120):
            self._wrong("the console never read the lab")
            return
        counts = {name: len(console.inventory.vms_on(name)) for name in console.inventory.nodes}
        node = min(counts, key=lambda name: counts[name])
        plan, outlook = self._plan(node, most)
        run = self._ask_for(plan, outlook)
        for trouble, share in (
            (self._kill_a_target, 0.2),
            (self._take_one, 0.3),
            (self._drop, 0.45),
        ):
            wanted = max(1, round(share * len(plan.moves)))
            if not console.until(lambda least=wanted: self._over(run) >= least, 300):
                self._wrong(f"only {self._over(run)} moves ended in 300 s")
                return
            trouble(run)
        self._see_to_its_end(run, plan)
        self._judge(run, plan)
        again, second = self._plan(node, most, plan)
        if second.steps:
            rerun = self._ask_for(again, second)
            self._see_to_its_end(rerun, again)
            self._judge(rerun, again)
        self._judge_the_node(node, plan, again)

    # -- plan and run ----------------------------------------------------------------------------
    def _plan(self, node: str, most: int | None, first: Plan | None = None) -> tuple[Plan, Outlook]:
        """On what is known now; a second one takes what the first could not bring away."""
        began = time.time()
        self._console.until(lambda: (self._console.inventory.cluster_wire.read_at or 0) > began, 60)
        situation = Situation(self._console.inventory, time.time())
        plan = plan_drain(node, situation)
        wanted = {move.vm_key for move in first.moves} if first is not None else None
        rows = [
            row
            for row, move in enumerate(plan.moves)
            if (most is not None and row >= most)
            if wanted is None or move.vm_key not in wanted
        ]
        if wanted is not None and most is not None:
            rows = [row for row, move in enumerate(plan.moves) if move.vm_key not in wanted]
        plan = without(plan, rows)
        outlook = judge(plan, situation)
        if outlook.refusal or (first is None and outlook.why_not_run):
            self._wrong(outlook.why_not_run or outlook.refusal)
        return plan, outlook

    def _ask_for(self, plan: Plan, outlook: Outlook) -> PlanRun:
        asked, group = asked_of(plan), str(uuid.uuid4())
        ids = tuple(str(uuid.uuid4()) for _ in asked)
        parts = tuple(
            Submit(name, one.request, group, after=tuple(ids[at] for at in one.after))
            for name, one in zip(ids, asked, strict=True)
        )
        self._console.submit_parts(plan.title, parts)
        self.tally.runs += len(plan.moves)
        return run_of(outlook, group, ids, time.time())

    def _records(self, run: PlanRun) -> list[OperationRecord]:
        known = self._console.records
        return [known[one.operation_id] for one in run.forecasts if one.operation_id in known]

    def _over(self, run: PlanRun) -> int:
        return sum(record.is_over for record in self._records(run))

    def _see_to_its_end(self, run: PlanRun, plan: Plan) -> None:
        def is_over() -> bool:
            proof = self._console.records.get(run.proof_id)
            return self._over(run) == len(plan.moves) and proof is not None and proof.is_over

        if not self._console.until(is_over, 900):
            left = [r.title for r in self._records(run) if not r.is_over]
            self.tally.lost += len(left)
            self.tally.found.append(f"{self._what}: lost: never ended: {left}")

    # -- three faults ----------------------------------------------------------------------------
    def _kill_a_target(self, run: PlanRun) -> None:
        """In mid-pass of a move to it."""

        def running() -> str:
            for migration in self._lab.ask("migrations")["migrations"]:
                if migration["ended_at"] is None and migration["phase"] == "Memory":
                    return str(migration["target"])
            return ""

        target = ""
        deadline = time.monotonic() + 60
        while not target and time.monotonic() < deadline:
            target = running()
        self._lab.fault("node_down", name=target)
        self._dead = target
        self.tally.told.append(f"{self._what}: {target} died in mid-pass")

    def _take_one(self, run: PlanRun) -> None:
        """Somebody else moves a VM whose turn has not come."""
        waiting = [
            one.move
            for one in run.forecasts
            if self._console.records[one.operation_id].state is _S.QUEUED
            and self._lab.ask("vm", name=one.move.vm_name)["vm"]["state"] == "Running"
        ]
        if not waiting:
            self._wrong("nothing waits any more")
            return
        move = self._chance.choice(waiting[len(waiting) // 2 :])
        up = [n["name"] for n in self._lab.ask("nodes")["nodes"] if n["state"] == "Up"]
        target = self._chance.choice(
            [name for name in up if name not in (move.source, move.target)]
        )
        args = {"vm_id": move.vm_key, "target": target, "expected_owner": ""}
        self._lab.ask("act", name="start_migration", args={**args, "operation_id": _SOMEBODY})
        self._taken_key = move.vm_key
        self.tally.told.append(f"{self._what}: somebody else moved {move.vm_name} to {target}")

    def _drop(self, run: PlanRun) -> None:
        """No node answers for a while; what moves goes on meanwhile."""
        for wire in self._wires:
            wire.mood = _DROPPED
        time.sleep(_SILENT_S)
        for wire in self._wires:
            wire.mood = FINE
        self.tally.told.append(f"{self._what}: remoting dropped for {_SILENT_S:.0f} s")

    # -- the reckoning ---------------------------------------------------------------------------
    def _judge(self, run: PlanRun, plan: Plan) -> None:
        afterwards = compare(run, self._console.records, self._console.inventory)
        counters: dict[str, int] = self._lab.ask("counters")["counters"]
        for step in afterwards.steps:
            move, name = step.forecast.move, step.forecast.operation_id
            sent, arrived = (counters.get(f"{act}-for:{name}", 0) for act in ("migrate", "arrive"))
            if sent > 1:
                self.tally.doubled += 1
                self.tally.found.append(f"{self._what}: {move.vm_name} was sent {sent} times")
            if move.vm_key == self._taken_key and "taken" not in self._told_once:
                self._told_once.add("taken")
                where = self._lab.ask("vm", name=move.vm_name)["vm"]["owner"]
                self.tally.told.append(
                    f"{self._what}: {move.vm_name}, planned for {move.target}, is on {where}; "
                    f"told as {step.state}: {self._reason(name)}"
                )
            if step.state is None or not step.result:
                self._wrong(f"nothing is told of {move.vm_name}: {step.state}")
            if step.state is _S.SUCCEEDED and not self._was_brought(move.vm_key, name, counters):
                self._wrong(f"{move.vm_name} is told as done and never arrived: {step.result}")
            if step.state in _NOT_DONE and arrived:
                self._wrong(f"{move.vm_name} is told as {step.state} and arrived: {step.result}")
        reasons = Counter(
            self._reason(step.forecast.operation_id).replace(step.forecast.move.vm_name, "<VM>")
            for step in afterwards.steps
            if step.state in _NOT_DONE
        )
        for reason, times in reasons.most_common(6):
            self.tally.told.append(f"{self._what}: {times} x {reason}")
        states = Counter(str(step.state) for step in afterwards.steps)
        promised = afterwards.run.finish_s
        took = afterwards.took_s
        self.tally.told.append(
            f"{self._what}: {plan.title}: {len(plan.moves)} moves, promised "
            f"{f'{promised[0]:.0f} to {promised[1]:.0f} s' if promised else 'no time'}, "
            f"took {took or 0:.0f} s in a lab {_SPEED:.0f} times as fast: {dict(states)}"
        )

    def _reason(self, name: str) -> str:
        record = self._console.records[name]
        why = record.fault.summary if record.fault is not None else ""
        return record.result if why in record.result else f"{record.result} {why}"

    def _was_brought(self, key: str, name: str, counters: dict[str, int]) -> bool:
        """By this operation; a VM that is off changes hands without a migration."""
        vms = self._lab.ask("vms")["vms"]
        vm = next(vm for vm in vms if vm["vm_id"] == key)
        return counters.get(f"arrive-for:{name}", 0) == 1 or vm["state"] in ("Off", "Saved")

    def _judge_the_node(self, node: str, *plans: Plan) -> None:
        """Empty and proven, or what stays is named; nothing of the plan came back by itself."""
        planned = {move.vm_key for plan in plans for move in plan.moves}
        left = [vm for vm in self._lab.ask("vms")["vms"] if vm["owner"] == node]
        for vm in left:
            if vm["vm_id"] in planned:
                self._wrong(f"{vm['name']} was planned twice and is still on {node}")
        name = next(
            (name for name, one in reversed(self._console.asked.items()) if "Prove" in repr(one)),
            "",
        )
        proof = self._console.records[name]
        told = f"{proof.result} {proof.fault.summary if proof.fault else ''}"
        # Empty is not enough while another node is down: then it has to name that one.
        names_the_dead = bool(self._dead) and f"{self._dead} is out of service" in told
        if bool(left) is (proof.state is _S.SUCCEEDED) and not names_the_dead:
            self._wrong(f"{len(left)} VMs are on {node}, and the proof is {proof.state}")
        self.tally.told.append(
            f"{self._what}: proof of {node}: {proof.state}: {told.strip()[:200]}"
        )
        counters: dict[str, int] = self._lab.ask("counters")["counters"]
        for key in planned:
            ours = sum(
                counters.get(f"migrate-for:{one}", 0)
                for one, request in self._console.asked.items()
                if getattr(request, "vm_key", "") == key
            )
            others = 1 if key == self._taken_key else 0
            if counters.get(f"migrate:{key}", 0) != ours + others:
                self.tally.doubled += 1
                self.tally.found.append(f"{self._what}: {key} moved more often than asked")

    def _is_read(self) -> bool:
        inventory = self._console.inventory
        placed = [vm for vm in inventory.vms.values() if vm.owner_node and vm.azure]
        return len(placed) > 1_900 and inventory.arm.read_at is not None

    def _wrong(self, text: str) -> None:
        self.tally.wrong += 1
        self.tally.found.append(f"{self._what}: wrong: {text}")


def _addresses(lab: Lab) -> list[tuple[str, int]]:
    split = [address.rpartition(":") for address in lab.endpoints["cluster"]["nodes"].values()]
    return [(host, int(port)) for host, _, port in split]
