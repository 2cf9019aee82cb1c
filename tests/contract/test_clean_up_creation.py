"""Creations that fail at every phase, cleaned up over the world and over real wires: 0 orphans."""

import msgspec
import pytest

from console.backends import BackendError
from console.checks import ON_REQUEST, run_on_snapshot
from console.lab.world import arm_ids
from console.model.finding import Finding, Severity
from console.model.inventory import Inventory
from console.model.operation import OperationRecord, OperationState
from console.model.request import (
    CleanUpCreation,
    CreateVirtualMachine,
    DataDiskSpec,
    NetworkInterfaceSpec,
    VirtualMachineSpec,
)
from console.operations import operation_for
from console.operations.base import Outcome, SentStep
from tests.contract.conftest import Bench
from tests.unit.operations.context import Context

S = OperationState
PHASES = ("Interface", "Disk", "Accepted", "Placing", "DiskCopy", "Provisioning", "Agent")


class BenchContext(Context):
    """The context of one operation over a bench instead of a world of its own."""

    def __init__(self, bench: Bench, operation_id: str) -> None:
        self.clock, self.site = bench.clock, bench.site
        self.world = self.backend = bench.backend  # type: ignore[assignment]
        self.inventory = Inventory()
        self.operation_id = operation_id
        self.secrets = {"admin_password": "Correct-Horse-9"}
        self.cancel_requested = False
        self.sent = ()
        self.commands, self.steps, self.told = [], [], []


def a_spec(bench: Bench) -> VirtualMachineSpec:
    network = next(one for one in bench.site.list_resources(
        arm_ids.NETWORKS, bench.site.settings.group_id) if "servers" in one.id)  # fmt: skip
    return bench.spec(
        data_disks=(DataDiskSpec("new-01-data", 16), DataDiskSpec(
            existing_id=bench.id_of("virtualHardDisks", "scratch-fixed"))),
        network_interfaces=(NetworkInterfaceSpec("new-01-nic", network.id, "10.110.9.9"),),
    )  # fmt: skip


async def create(bench: Bench, spec: VirtualMachineSpec, operation_id: str = "made-it") -> Outcome:
    context = BenchContext(bench, operation_id)
    await context.refresh()
    request = CreateVirtualMachine(spec)
    return await operation_for(request).run(context, request)


async def clean_up(bench: Bench, spec: VirtualMachineSpec, sent: tuple[str, ...] = ()) -> Outcome:
    context = BenchContext(bench, "clean-up")
    context.sent = tuple(SentStep(step) for step in sent)
    request = CleanUpCreation("made-it", spec)
    return await operation_for(request).run(context, request)


async def told(bench: Bench, spec: VirtualMachineSpec) -> list[Finding]:
    check = ON_REQUEST["clean_up_is_possible"]
    return list(await check.on_backend(CleanUpCreation("made-it", spec), bench.backend))


def counted(bench: Bench) -> tuple[set[str], set[str], dict[str, tuple[str, int]]]:
    """The world's own count: resources, VMs, and memory that is promised to somebody."""
    site = bench.site
    return set(site.resources), set(site.vms), dict(site.promised)


@pytest.mark.parametrize("phase", PHASES)
async def test_nothing_is_left_of_a_creation_that_failed(bench: Bench, phase: str) -> None:
    spec, before = a_spec(bench), counted(bench)
    bench.site.faults.creation_fails_at(phase)
    outcome = await create(bench, spec)
    assert outcome.state is S.FAILED
    assert outcome.fault is not None
    assert f"{phase}Failed" in outcome.fault.detail, "ARM's own code"
    assert phase in outcome.fault.summary, "and its words"
    bench.site.faults.creation_fails_at("")
    assert counted(bench) != before
    listed = await told(bench, spec)
    assert {one.severity for one in listed} == {Severity.NOTE}
    wanted = {one.evidence.lower() for one in listed}
    assert wanted == counted(bench)[0] - before[0], "told beforehand, neither more nor less"
    outcome = await clean_up(bench, spec)
    assert outcome.state is S.SUCCEEDED, outcome
    assert counted(bench) == before
    again = await told(bench, spec)
    assert [one.severity for one in again] == [Severity.BLOCKS]
    assert "Nothing that Create new-01 made is left" in again[0].text


async def test_a_documented_error_is_told_in_words_with_azures_own_beside_it(
    bench: Bench,
) -> None:
    path = bench.site.resources[bench.id_of("storageContainers", "user-storage-3").lower()]
    status = {**path.body["properties"]["status"], "availableSizeMB": 64}  # type: ignore[index]
    path.body = {**path.body, "properties": {**path.body["properties"], "status": status}}  # type: ignore[dict-item]
    outcome = await create(bench, msgspec.structs.replace(a_spec(bench), storage_path_id=path.id))
    assert outcome.fault is not None
    assert outcome.fault.summary.startswith("The storage path is full. Azure says: There is not")
    assert "NotEnoughSpace" in outcome.fault.detail
    assert outcome.fault.remedy.startswith("Clean up what this made, then choose a storage path")


async def test_an_interface_that_was_there_before_stays(bench: Bench) -> None:
    spec = a_spec(bench)
    assert (await create(bench, spec, "somebody-else")).state is S.SUCCEEDED
    before = counted(bench)
    outcome = await create(bench, spec)
    assert outcome.state is S.FAILED
    assert outcome.fault is not None
    assert "exists already" in outcome.fault.summary
    assert (await told(bench, spec))[0].severity is Severity.BLOCKS
    outcome = await clean_up(bench, spec)
    assert outcome.state is S.SUCCEEDED
    kept = "VM new-01, Arc machine new-01, data disk new-01-data, network interface new-01-nic"
    assert f"Not made by it, so kept: {kept}." in outcome.result
    assert counted(bench) == before


async def test_a_part_that_somebody_took_over_stays(bench: Bench) -> None:
    spec = a_spec(bench)
    bench.site.faults.creation_fails_at("DiskCopy")
    await create(bench, spec)
    nic = bench.site.resources[bench.id_of("networkInterfaces", "new-01-nic").lower()]
    nic.body = {**nic.body, "tags": {"tlc-operation": "another"}}
    texts = [one.text for one in await told(bench, spec)]
    assert "Stays: network interface new-01-nic was not made by this creation." in texts
    outcome = await clean_up(bench, spec)
    assert outcome.state is S.SUCCEEDED
    assert "kept: network interface new-01-nic" in outcome.result
    assert nic.id.lower() in bench.site.resources
    assert bench.id_of("virtualHardDisks", "scratch-fixed").lower() in bench.site.resources


async def test_what_is_still_in_use_is_told_and_the_rest_goes(bench: Bench) -> None:
    spec = a_spec(bench)
    bench.site.faults.creation_fails_at("Disk")
    await create(bench, spec)
    bench.site.faults.creation_fails_at("")
    # Somebody attached the half-made creation's interface to a VM of his own.
    other = msgspec.structs.replace(
        spec,
        name="other-01",
        data_disks=(),
        network_interfaces=(
            NetworkInterfaceSpec(existing_id=bench.id_of("networkInterfaces", "new-01-nic")),
        ),
    )
    assert (await create(bench, other, "other")).state is S.SUCCEEDED
    outcome = await clean_up(bench, spec)
    assert outcome.state is S.FAILED
    assert outcome.result == "Still there: network interface new-01-nic."
    assert outcome.fault is not None
    assert "InUse" in outcome.fault.detail
    assert "clean up again" in outcome.fault.remedy
    assert bench.id_of("virtualHardDisks", "new-01-data").lower() not in bench.site.resources


async def test_a_lost_answer_is_no_answer_and_a_second_run_ends_it(bench: Bench) -> None:
    spec, before = a_spec(bench), counted(bench)
    bench.site.faults.creation_fails_at("Agent")
    await create(bench, spec)
    bench.site.faults.answer_lost_after_act = 1
    with pytest.raises(BackendError) as caught:
        await clean_up(bench, spec)
    assert caught.value.was_sent
    bench.clock.advance(60)
    assert (await clean_up(bench, spec, sent=("x",))).state is S.SUCCEEDED
    assert counted(bench) == before


def test_a_creation_that_is_not_over_is_left_alone() -> None:
    spec = VirtualMachineSpec("v", "s", "g", "l", "c")
    running = OperationRecord("made-it", CreateVirtualMachine(spec), "Create v", S.RUNNING, 0.0)
    request = CleanUpCreation("made-it", spec)
    (found,) = run_on_snapshot(["clean_up_is_possible"], request, Inventory(), 0.0, [running])
    assert found.severity is Severity.BLOCKS
    assert operation_for(request).locks(request) == operation_for(running.request).locks(
        running.request
    ), "and the worker has it wait for the same name"
