"""Where nobody knows how a real cluster behaves, the lab plays either; the truth is told in both.

Does a move survive the loss of the session that started it; does a tag survive a PUT; how long does
a status URL live (research/reliability.md, section 7).
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from console.model.operation import OperationRecord, OperationState
from console.model.request import LiveMigrate, SecretField
from console.model.virtual_machine import PowerState, VmKind
from tests.end_to_end.lab_process import Lab, running_lab
from tests.faults.creations import creation_requests
from tests.faults.real_console import Console, console_on

pytestmark = pytest.mark.timeout(240)
S = OperationState


@pytest.fixture
def lab() -> Iterator[Lab]:
    with running_lab() as running:
        yield running


@pytest.fixture
def console(lab: Lab, tmp_path: Path) -> Iterator[Console]:
    with console_on(lab, tmp_path) as made:
        site = made.inventory.site
        assert made.until(
            lambda: (
                any(vm.owner_node and vm.azure for vm in made.inventory.vms.values())
                and bool(made.inventory.site.images and made.inventory.site.storage_paths)
            ),
            60,
        ), site
        yield made


def ended(console: Console, name: str) -> OperationRecord:
    assert console.until(lambda: console.records[name].is_over, 150), console.records[name]
    return console.records[name]


@pytest.mark.parametrize("survives", [True, False])
def test_a_move_that_survives_its_session_or_does_not(
    console: Console, lab: Lab, survives: bool
) -> None:
    vm = next(
        vm
        for vm in console.inventory.vms.values()
        if vm.kind is VmKind.AZURE_LOCAL and vm.power is PowerState.RUNNING and vm.owner_node
    )
    assert vm.owner_node
    target = next(name for name in console.inventory.nodes if name != vm.owner_node)
    name = console.submit(LiveMigrate(vm.key, vm.name, vm.owner_node, target))
    assert console.until(
        lambda: (
            name in console.records
            and (progress := console.records[name].progress) is not None
            and progress.phase == "Memory"
        ),
        60,
    ), console.records.get(name)
    console.kill()
    if not survives:
        lab.ask("act", name="cancel_migration", args={"vm_id": vm.key})
    record = ended(console, name)
    owner = lab.ask("vm", name=vm.name)["vm"]["owner"]
    counters = lab.ask("counters")["counters"]
    # Only after it was seen that nothing runs and the VM never left may it be sent once more.
    assert counters[f"migrate-for:{name}"] <= (1 if survives else 2)
    assert (record.state is S.SUCCEEDED) == (owner == target), record.result
    assert not survives or owner == target


@pytest.mark.parametrize("survives", [True, False])
@pytest.mark.parametrize("moment", ["network interface", "machine", "virtual machine"])
def test_a_creation_whose_tags_survive_or_do_not(
    console: Console, lab: Lab, survives: bool, moment: str
) -> None:
    lab.fault("tags_are_lost", value=not survives)
    lab.ask("speed", factor=10.0)
    (request,) = creation_requests(console, 1)
    secrets = {SecretField.ADMIN_PASSWORD.value: "Correct-Horse-7"}
    name = console.submit(request, secrets)
    at = {"network interface": 1, "machine": 3, "virtual machine": 4}[moment]

    def sent() -> int:
        record = console.records.get(name)
        steps = record.steps if record is not None else ()
        return sum(step.text.startswith("Sending: ") for step in steps)

    assert console.until(lambda: sent() >= at, 90), console.records.get(name)
    console.kill()
    record = ended(console, name)
    made = lab.ask("counters")["counters"].get(f"create:{request.spec.name}", 0)
    exists = lab.ask("vm", name=request.spec.name)["vm"] is not None
    assert made <= 1
    if record.state is S.SUCCEEDED:
        assert exists
    else:
        # What cannot be told to be ours is left alone, and the person is told so.
        assert record.state is S.FAILED, record
        assert record.fault is not None
        assert record.fault.remedy


def has_taken_the_vm(record: OperationRecord | None) -> bool:
    """Whether Azure answered the VM's own PUT: from then on its password is not needed."""
    if record is None or not any("virtualMachineInstances" in line for line in record.commands):
        return False
    steps = [step.text.partition(": ")[0] for step in record.steps]
    return steps.count("Accepted") == steps.count("Sending")


@pytest.mark.parametrize("lives", [True, False])
def test_a_status_url_that_lives_or_does_not(console: Console, lab: Lab, lives: bool) -> None:
    lab.ask("speed", factor=10.0)
    (request,) = creation_requests(console, 1)
    secrets = {SecretField.ADMIN_PASSWORD.value: "Correct-Horse-7"}
    name = console.submit(request, secrets)
    assert console.until(lambda: has_taken_the_vm(console.records.get(name)), 90)
    lab.fault("status_url_vanishes", value=not lives)
    console.kill()
    record = ended(console, name)
    made = lab.ask("counters")["counters"].get(f"create:{request.spec.name}", 0)
    assert record.state is S.SUCCEEDED, (record.state, record.fault)
    assert made == 1
