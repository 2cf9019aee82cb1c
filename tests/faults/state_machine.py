"""Runner, journal and world under every fault at once: a hypothesis state machine.

Rules are what people, wires, nodes, clocks and power do; invariants are J1-J15 of
research/reliability.md 3.1 as far as one process can hold them:

J1 intent before effect; J2 nothing lost; J3 nothing twice; J4 terminal is final; J5 append-only;
J6 the shown state is the fold of the lines; J7 no secret in the file; J8 order and chain;
J9 one writer; J10 recovery may crash; J12 it goes on once the world is healthy; J13 no answer is no
failure. J11 is the requests' types, J14 and J15 are tests of their own (damage, old journals).
"""

import shutil
import sqlite3
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from console.channel.messages import (
    OperationChanged,
    Refused,
    Reorder,
    Submit,
    SubmitGroup,
    ToWindow,
)
from console.instance_lock import InstanceLock
from console.lab.world import arm_ids
from console.model.operation import OperationRecord, OperationState
from console.model.request import (
    ChangePowerState,
    CreateVirtualMachine,
    DeleteVirtualMachine,
    DrainNode,
    LiveMigrate,
    MoveMethod,
    NetworkInterfaceSpec,
    PauseNode,
    PowerAction,
    ProveNodeEmpty,
    Request,
    ResumeNode,
    VirtualMachineSpec,
)
from console.worker.journal_lines import fold
from console.worker.journal_schema import FILE_NAME
from console.worker.journal_store import JournalStore
from tests.faults.console_life import Life, WorkerTime
from tests.faults.simulated_time import SimulatedLoop
from tests.faults.truth import ACCIDENTS, Truth
from tests.unit.worker.fakes import Memory

S = OperationState
CANARY = "Canary-8f3b-Pass!word"
# Long enough for every back-off, window and poll of the console to come round.
_HEALED_FOR_S = 1500.0
_DISMISSALS = 13

vms = st.integers(0, 5)
nodes = st.integers(0, 3)
turns = st.integers(0, 60)


class ConsoleMachine(RuleBasedStateMachine):
    """One site, one state folder, many lives of the console."""

    def __init__(self) -> None:
        super().__init__()
        memory = Path("/dev/shm")
        self.folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
        self.loop = SimulatedLoop()
        self.truth = Truth(self.loop, seed=1)
        self.time = WorkerTime(self.loop)
        self.keyring = Memory()
        self.shown: dict[str, OperationRecord] = {}
        self.refused: set[str] = set()
        self.asked = 0
        # Rows of the journal seen so far: number and hash (J5).
        self.rows: dict[int, bytes] = {}
        self.life: Life | None = None
        self.names = list(self.truth.site.nodes)
        self.keys = sorted(
            vm.vm_id for vm in self.truth.site.vms.values() if not vm.is_resource_bridge
        )
        self._open()

    # -- people ---------------------------------------------------------------------------------
    @precondition(lambda self: self.life)
    @rule(vm=vms, to=nodes, is_stale=st.booleans(), method=st.sampled_from(MoveMethod))
    def move(self, vm: int, to: int, is_stale: bool, method: MoveMethod) -> None:
        known = self.truth.site.vms.get(self.keys[vm])
        if known is None:
            return
        source = self.names[(to + 1) % 4] if is_stale else known.owner
        self._submit(LiveMigrate(known.vm_id, known.name, source, self.names[to], method))

    @precondition(lambda self: self.life)
    @rule(vm=vms, action=st.sampled_from(PowerAction))
    def power(self, vm: int, action: PowerAction) -> None:
        known = self.truth.site.vms.get(self.keys[vm])
        if known is not None:
            self._submit(ChangePowerState(known.vm_id, known.name, action))

    @precondition(lambda self: self.life)
    @rule(node=nodes, act=st.sampled_from((DrainNode, PauseNode, ResumeNode, ProveNodeEmpty)))
    def maintain(self, node: int, act: type[DrainNode]) -> None:
        self._submit(act(self.names[node]))

    @precondition(lambda self: self.life)
    @rule(number=st.integers(0, 2))
    def create(self, number: int) -> None:
        self._submit(CreateVirtualMachine(self._spec(f"fresh-{number}")), secret=CANARY)

    @precondition(lambda self: self.life)
    @rule()
    def delete(self) -> None:
        known = self.truth.site.vms.get(self.keys[-1])
        if known is not None:
            self.truth.touched_by_others.add(known.vm_id)
            self._submit(DeleteVirtualMachine(known.vm_id, known.name))

    @precondition(lambda self: self.life)
    @rule(first=vms, second=vms, to=nodes, number=st.integers(0, 2))
    def move_group(self, first: int, second: int, to: int, number: int) -> None:
        """Two moves as one act; the same group again adds to it."""
        assert self.life is not None
        parts = []
        for vm in (first, second):
            known = self.truth.site.vms.get(self.keys[vm])
            if known is not None:
                request = LiveMigrate(known.vm_id, known.name, known.owner, self.names[to])
                parts.append(Submit(self._next_name(), request, group_id=f"group-{number}"))
        message = SubmitGroup(f"group-{number}", "Two moves", tuple(parts))
        self.life.begin(self.life.runner.submit_group(message))

    @precondition(lambda self: self.life)
    @rule(node=nodes, first=vms, second=vms, number=st.integers(0, 2))
    def plan(self, node: int, first: int, second: int, number: int) -> None:
        """Pause, then two moves, the second after the first if it is the same VM, then proof."""
        assert self.life is not None
        source, group = self.names[node], f"group-{number}"
        parts = [Submit(self._next_name(), PauseNode(source), group)]
        for vm in (first, second):
            known = self.truth.site.vms.get(self.keys[vm])
            if known is not None:
                request = LiveMigrate(known.vm_id, known.name, source, self.names[(node + 1) % 4])
                after = tuple(part.operation_id for part in parts[: 1 + (first == second)])
                parts.append(Submit(self._next_name(), request, group, after=after))
        after = tuple(part.operation_id for part in parts)
        parts.append(Submit(self._next_name(), ProveNodeEmpty(source), group, after=after))
        message = SubmitGroup(group, f"Empty {source}", tuple(parts))
        self.life.begin(self.life.runner.submit_group(message))

    @precondition(lambda self: self.life)
    @rule(number=st.integers(0, 2))
    def stop_group(self, number: int) -> None:
        assert self.life is not None
        self.life.begin(self.life.runner.stop_group(f"group-{number}"))

    @precondition(lambda self: self.life and self.asked)
    @rule(which=st.integers(0, 30), before=st.integers(-1, 30))
    def reorder(self, which: int, before: int) -> None:
        assert self.life is not None
        other = f"op-{before % self.asked}" if before >= 0 else ""
        message = Reorder(f"op-{which % self.asked}", other)
        self.life.begin(self.life.runner.reorder(message))

    @precondition(lambda self: self.life)
    @rule(number=st.integers(0, 2))
    def cancel_group(self, number: int) -> None:
        assert self.life is not None
        self.life.begin(self.life.runner.cancel_group(f"group-{number}"))

    @precondition(lambda self: self.life and self.asked)
    @rule(which=st.integers(0, 30), again=st.booleans())
    def cancel(self, which: int, again: bool) -> None:
        assert self.life is not None
        name = f"op-{which % self.asked}"
        for _ in range(1 + again):
            self.life.begin(self.life.runner.cancel(name))

    @precondition(lambda self: self.life and self.shown)
    @rule(which=st.integers(0, 30))
    def submit_again(self, which: int) -> None:
        """A double click, or a message repeated after a restart: the same operation id."""
        assert self.life is not None
        record = list(self.shown.values())[which % len(self.shown)]
        self.life.begin(self.life.runner.submit(Submit(record.id, record.request)))

    # -- time -----------------------------------------------------------------------------------
    @rule(seconds=st.sampled_from((0.3, 2.0, 10.0, 60.0, 400.0)))
    def tick(self, seconds: float) -> None:
        self.loop.run_for(seconds)

    @rule(seconds=st.sampled_from((-86400.0, -600.0, 600.0, 86400.0)))
    def wall_clock_jumps(self, seconds: float) -> None:
        self.time.jumped += seconds

    # -- wires and world ------------------------------------------------------------------------
    @rule(accidents=st.lists(st.sampled_from(("", *ACCIDENTS)), min_size=1, max_size=3))
    def accidents_ahead(self, accidents: list[str]) -> None:
        self.truth.accidents.extend(accidents)

    @rule(
        name=st.sampled_from(
            ("arm_down", "wrong_password", "status_url_vanishes", "throttle", "garbage")
        ),
        on=st.booleans(),
    )
    def wire_fault(self, name: str, on: bool) -> None:
        faults = self.truth.site.faults
        with self.truth.site.look():
            match name:
                case "throttle":
                    faults.arm_throttle_left = 20 * on
                case "garbage":
                    faults.malformed_json("cluster", on)
                case _:
                    setattr(faults, name, on)

    @rule(node=nodes, act=st.sampled_from(("down", "up", "freeze", "thaw")))
    def node_fault(self, node: int, act: str) -> None:
        name = self.names[node]
        if act == "down":
            self.truth.node_down(name)
            return
        with self.truth.site.look():
            faults = self.truth.site.faults
            if act == "up":
                faults.node_up(name)
            else:
                faults.freeze_node(name, on=act == "freeze")

    @rule(vm=vms, to=nodes)
    def somebody_else_moves(self, vm: int, to: int) -> None:
        self.truth.others_move(self.keys[vm], self.names[to])

    # -- this machine ---------------------------------------------------------------------------
    @precondition(lambda self: self.life)
    @rule(is_full=st.booleans())
    def disk(self, is_full: bool) -> None:
        assert self.life is not None
        self.life.journal.is_full = is_full

    @precondition(lambda self: self.life)
    @rule(after=turns, is_orderly=st.booleans())
    def stop(self, after: int, is_orderly: bool) -> None:
        """kill -9 after some turns of the loop, or an orderly end."""
        assert self.life is not None
        if is_orderly and not self.life.journal.is_full:
            self.life.close()
        else:
            self.loop.run_turns(after)
            self.life.crash()
        self.life = None
        self._demand_whole_file()

    @precondition(lambda self: self.life is None)
    @rule()
    def start(self) -> None:
        self._open()

    @precondition(lambda self: self.life is None)
    @rule(after=turns)
    def start_and_crash(self, after: int) -> None:
        """J10: recovery is itself an operation that may be cut short."""
        life = self._new_life()
        life.begin(life.open())
        self.loop.run_turns(after)
        life.crash()
        self._demand_whole_file()

    # -- what must hold -------------------------------------------------------------------------
    @invariant()
    def nothing_is_held_against_it(self) -> None:
        assert not self.truth.violations, self.truth.violations

    @precondition(lambda self: self.life)
    @rule()
    def second_console(self) -> None:
        """J9: nobody else gets the folder while one has it."""
        assert InstanceLock.acquire(self.folder) is None, "J9: two consoles on one journal"

    def teardown(self) -> None:
        """The world becomes healthy: then everything comes to its end, and the books agree."""
        try:
            self.nothing_is_held_against_it()
            self.truth.heal()
            if self.life is None:
                self._open()
            assert self.life is not None
            self.life.journal.is_full = False
            self.loop.run_for(_HEALED_FOR_S)
            self.nothing_is_held_against_it()
            self._demand_ends()
            self.life.close()
            self.life = None
            self._demand_books()
        finally:
            if self.life is not None:
                self.life.crash()
            self.loop.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    # -- inside ---------------------------------------------------------------------------------
    def _new_life(self) -> Life:
        return Life(self.folder, self.truth, self.time, self.keyring, self._take)

    def _open(self) -> None:
        self.life = self._new_life()
        self.loop.run_until_complete(self.life.open())
        assert self.life.faults == (), f"J14: {self.life.faults}"

    def _submit(self, request: Request, secret: str = "") -> None:
        assert self.life is not None
        secrets = {"admin_password": secret} if secret else {}
        message = Submit(self._next_name(), request, secrets=secrets)
        self.life.begin(self.life.runner.submit(message))

    def _next_name(self) -> str:
        self.asked += 1
        return f"op-{self.asked - 1}"

    def _take(self, message: ToWindow) -> None:
        if isinstance(message, Refused):
            self.refused.add(message.operation_id)
            return
        assert isinstance(message, OperationChanged)
        record = message.record
        before = self.shown.get(record.id)
        if before is not None and before.is_over:
            is_same = (before.state, before.result) == (record.state, record.result)
            self.truth.demand(is_same, f"J4: {record.id} was {before.state}, is {record.state}")
        self.shown[record.id] = record
        inside = "inside the console" in f"{record.result}{record.fault}"
        self.truth.demand(not inside, f"{record.id}: {record.fault}")
        if record.is_over and not (before is not None and before.is_over):
            self.truth.judge_end(record)

    def _demand_whole_file(self) -> None:
        """J5 and J8: rows seen once stay as they are, and each follows from the one before."""
        path = self.folder / FILE_NAME
        if not path.exists():
            return
        store = JournalStore(path)
        broken = store.first_broken()
        store.close()
        assert broken is None, f"J8: row {broken} does not follow"
        with sqlite3.connect(path) as connection:
            rows = dict(connection.execute("SELECT seq, hash FROM event"))
        connection.close()
        changed = [seq for seq, known in self.rows.items() if rows.get(seq) != known]
        assert not changed, f"J5: rows {changed} were changed or removed"
        self.rows = rows

    def _demand_ends(self) -> None:
        """J2 and J12: in a healthy world everything is over, or unknown and says what to do.

        What waits behind something unknown goes on once a person dismissed that.
        """
        assert self.life is not None
        for name, record in self.shown.items():
            if record.state is not S.UNKNOWN:
                continue
            assert record.fault is not None, f"J2: {name} is unknown without a word"
            assert record.fault.remedy, f"J2: {name} is unknown and does not say what to do"
            is_move = isinstance(record.request, LiveMigrate)
            assert not is_move, f"J12: {name} could be known by looking: {record.result}"
        # More than once: one that is just being looked at again does not take it.
        for _ in range(_DISMISSALS):
            for name, record in self.shown.items():
                if not record.is_over:
                    self.life.begin(self.life.runner.cancel(name))
            self.loop.run_for(_HEALED_FOR_S / _DISMISSALS)
        for name, record in self.shown.items():
            last = record.steps[-1].text
            assert record.is_over, f"J12: {name} is {record.state} ({last}) for ever"

    def _demand_books(self) -> None:
        """J2, J6, J7: what was shown is in the file, folds to what was shown, without secrets."""
        self._demand_whole_file()
        store = JournalStore(self.folder / FILE_NAME)
        for name, record in self.shown.items():
            folded = fold(store.lines_of(name))
            assert folded is not None, f"J2: {name} was taken, and is not in the journal"
            same = (folded.state, folded.result) == (record.state, record.result)
            assert same, f"J6: {name} is shown {record.state}, its lines say {folded.state}"
        store.close()
        for path in self.folder.iterdir():
            assert CANARY.encode() not in path.read_bytes(), f"J7: a password is in {path.name}"

    def _spec(self, name: str) -> VirtualMachineSpec:
        site = self.truth.site
        group = site.settings.group_id
        image = site.list_resources(arm_ids.MARKET_IMAGES, group)[0]
        network = site.list_resources(arm_ids.NETWORKS, group)[0]
        return VirtualMachineSpec(
            name=name,
            subscription_id=site.settings.subscription_id,
            resource_group=site.settings.resource_group,
            location=site.settings.location,
            custom_location_id=site.settings.custom_location_id,
            image_id=image.id,
            admin_username="grace",
            network_interfaces=(NetworkInterfaceSpec(f"{name}-nic", network.id),),
        )


def settings_for(examples: int, steps: int) -> settings:
    """Deterministic: no examples kept from earlier runs, no deadline on shared machines."""
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        print_blob=True,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
