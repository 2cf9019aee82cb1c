"""What a plan promised beside what became of it, worked out from the operations' own records."""

from collections.abc import Mapping

import msgspec

from console.model.inventory import Inventory
from console.model.operation import OperationRecord, OperationState
from console.model.outlook import Outlook
from console.model.plan import PlannedMove, Range
from console.model.request import ProveNodeEmpty
from console.planning.asked import asked_of

_S = OperationState


class Forecast(msgspec.Struct, frozen=True):
    """What was promised of one step when it was asked for. Times in seconds from the start.

    ``pause_ms``: how long the VM was to stand still.
    """

    operation_id: str
    move: PlannedMove
    duration_s: Range | None = None
    starts_s: Range | None = None
    ends_s: Range | None = None
    pause_ms: Range | None = None


class PlanRun(msgspec.Struct, frozen=True):
    """One time that a plan was asked for. ``proof_id``: the operation that looks at the end.

    ``is_by_cluster``: the cluster's own drain does it (``proof_id``); then its steps have no
    operations, and what became of them is seen on the VMs alone.
    """

    group_id: str
    asked_at: float
    forecasts: tuple[Forecast, ...]
    finish_s: Range | None = None
    proof_id: str = ""
    is_by_cluster: bool = False


class Comparison(msgspec.Struct, frozen=True):
    """One step: promised and done. ``took_s`` None: it has not ended, or never began.

    ``pause_ms``: how long the VM stood still; None: not measured (a real node does not tell it of a
    live migration).
    """

    forecast: Forecast
    state: OperationState | None  # None: nothing is known of it
    started_s: float | None = None  # from when the plan was asked for
    took_s: float | None = None
    result: str = ""
    pause_ms: float | None = None


class Afterwards(msgspec.Struct, frozen=True):
    """A whole run. ``took_s``: until its last step ended; None while one goes on."""

    run: PlanRun
    steps: tuple[Comparison, ...]
    took_s: float | None
    proof: OperationRecord | None


def run_of(
    outlook: Outlook, group_id: str, operation_ids: tuple[str, ...], asked_at: float
) -> PlanRun:
    """What is kept of a plan that was asked for; the ids are those of ``asked_of``, in order."""
    asked = asked_of(outlook.plan)
    last: dict[int, str] = {}
    proof = ""
    for one, operation_id in zip(asked, operation_ids, strict=True):
        last[one.step] = operation_id  # of a step with two requests the move is the second
        if isinstance(one.request, ProveNodeEmpty):
            proof = operation_id
    forecasts = tuple(
        Forecast(
            last[number], step.move, step.duration_s, step.starts_s, step.ends_s, step.pause_ms
        )
        for number, step in enumerate(outlook.steps, start=1)
    )
    return PlanRun(group_id, asked_at, forecasts, outlook.finish_s, proof)


def run_by_cluster(outlook: Outlook, drain_id: str, asked_at: float) -> PlanRun:
    """The cluster empties the node by itself: where each VM goes is its own choice."""
    forecasts = tuple(Forecast("", step.move, step.duration_s) for step in outlook.steps)
    return PlanRun(drain_id, asked_at, forecasts, None, drain_id, is_by_cluster=True)


def compare(
    run: PlanRun, operations: Mapping[str, OperationRecord], inventory: Inventory
) -> Afterwards:
    """The newest attempt at each step counts; what was retried is found by ``retry_of``."""
    newest = {r.retry_of: r for r in operations.values() if r.retry_of}

    def latest(operation_id: str) -> OperationRecord | None:
        record = operations.get(operation_id)
        while record is not None and record.id in newest:
            record = newest[record.id]
        return record

    proof = latest(run.proof_id) if run.proof_id else None
    if run.is_by_cluster:
        steps = tuple(_seen(forecast, inventory) for forecast in run.forecasts)
        ended = proof.ended_at if proof is not None else None
        return Afterwards(run, steps, None if ended is None else ended - run.asked_at, proof)
    records = [latest(forecast.operation_id) for forecast in run.forecasts]
    pairs = zip(run.forecasts, records, strict=True)
    steps = tuple(_compared(forecast, record, run, inventory) for forecast, record in pairs)
    ends = [record.ended_at for record in records if record is not None]
    known = [end for end in ends if end is not None]
    if not records and proof is not None and proof.ended_at is not None:
        known = [proof.ended_at]  # nothing had to be moved: only the look was asked for
    is_over = len(known) >= len(records) and bool(known)
    took = max(0.0, max(known) - run.asked_at) if is_over else None
    return Afterwards(run, steps, took, proof)


def _compared(
    forecast: Forecast, record: OperationRecord | None, run: PlanRun, inventory: Inventory
) -> Comparison:
    if record is None:
        return Comparison(forecast, None)
    started, ended = record.started_at, record.ended_at
    took = None if started is None or ended is None else max(0.0, ended - started)
    since = None if started is None else max(0.0, started - run.asked_at)
    told = record.result or (record.fault.summary if record.fault is not None else "")
    progress = record.progress
    if not told and progress is not None and not record.is_over:
        share = "" if progress.fraction is None else f", {progress.fraction * 100:.0f} %"
        told = f"{progress.phase}{share}"
    vm = inventory.vms.get(forecast.move.vm_key)
    if record.state is _S.BLOCKED and vm is not None and vm.owner_node == forecast.move.target:
        # A rule that keeps VMs together made the cluster bring it along before its turn came.
        told = f"It is on {forecast.move.target} already: the cluster or somebody moved it. {told}"
    pause = record.measured.blackout_ms if record.measured is not None else None
    return Comparison(forecast, record.state, since, took, told, pause)


def _seen(forecast: Forecast, inventory: Inventory) -> Comparison:
    """Where the cluster says that the VM is, and what it says of its move."""
    move = forecast.move
    vm = inventory.vms.get(move.vm_key)
    if vm is None or vm.cluster is None:
        return Comparison(forecast, None, result="It was not found on the cluster.")
    migration = vm.cluster.migration
    if migration is not None:
        share = "" if migration.percent is None else f", {migration.percent} %"
        return Comparison(forecast, _S.RUNNING, result=f"Moving to {migration.target}{share}")
    if vm.owner_node != move.source:
        return Comparison(forecast, _S.SUCCEEDED, result=f"It is on {vm.owner_node}.")
    return Comparison(forecast, _S.QUEUED, result=f"It is still on {move.source}.")
