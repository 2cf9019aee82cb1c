"""A VM deleted while its creation is unknown is not made a second time by that creation."""

from console.model.operation import OperationState
from console.model.request import CreateVirtualMachine, DeleteVirtualMachine
from tests.faults.state_machine import CANARY, ConsoleMachine

NAME = "fresh-0"


def test_a_deleted_vm_is_not_made_again_by_its_own_creation() -> None:
    machine = ConsoleMachine()
    site = machine.truth.site
    machine._submit(CreateVirtualMachine(machine._spec(NAME)), secret=CANARY)
    for _ in range(2000):
        if (made := site.find_vm(NAME)) is not None:
            break
        machine.tick(0.3)
    assert made is not None
    # Azure falls silent for so long that nobody knows of the creation; there it comes to its end.
    with site.look():
        site.faults.arm_down = True
    machine.tick(400.0)
    assert machine.shown["op-0"].state is OperationState.UNKNOWN
    with site.look():
        site.faults.arm_down = False
    # Before the creation looks again somebody deletes what is there.
    machine.truth.touched_by_others.add(made.vm_id)
    machine._submit(DeleteVirtualMachine(made.vm_id, NAME))
    machine.tick(900.0)
    assert site.counters[f"create:{NAME}"] == 1
    assert machine.shown["op-0"].state is OperationState.SUCCEEDED, machine.shown["op-0"].result
    assert machine.shown["op-1"].state is OperationState.SUCCEEDED, machine.shown["op-1"].result
    assert site.find_vm(NAME) is None
    machine.teardown()
