"""One cause is one alarm; what we did ourselves is none."""

import msgspec

from console.health import HealthLevel, Kind, Surroundings, assess_node, assess_vm
from console.health.alarms import Alarm, alarms_of
from console.health.own_work import OwnWork
from console.model.node import NodeState
from console.model.operation import OperationRecord, OperationState
from console.model.request import ChangePowerState, DrainNode, PowerAction, Request, ResumeNode
from console.model.storage import NodeAccess, VolumeAccess
from console.model.virtual_machine import Heartbeat, PowerState, VirtualMachine
from tests.unit.health.test_rules import FACTS, LOST_LINKS, NOW, SILENT, VM, VOLUME, around

replace = msgspec.structs.replace


def vms(count: int, **facts: object) -> list[VirtualMachine]:
    return [
        replace(VM, key=f"k{n}", name=f"vm-{n}", cluster=replace(FACTS, vm_id=f"k{n}", **facts))
        for n in range(count)
    ]


def record(request: Request, state: OperationState, at: float = NOW - 60) -> OperationRecord:
    return OperationRecord("o", request, "Drain N1", state, at, "ada", ended_at=at + 10)


def alarms(
    machines: list[VirtualMachine], where: Surroundings, *records: OperationRecord
) -> tuple[Alarm, ...]:
    own = OwnWork(records, NOW)
    judged = [(vm.key, assess_vm(vm, where)) for vm in machines]
    return alarms_of(judged, [assess_node(where.nodes["N1"], where)], own)


def test_one_lost_node_is_one_alarm_with_its_vms() -> None:
    found = alarms(vms(40, **SILENT), around(node={"state": NodeState.DOWN}))
    assert [(alarm.cause.kind, len(alarm.vm_keys), alarm.node) for alarm in found] == [
        (Kind.NODE_LOST, 40, "N1")
    ]
    assert [reason.kind for reason in found[0].health.chains[0]] == [
        Kind.GUEST_SILENT, Kind.NODE_LOST,
    ]  # fmt: skip


def test_a_lost_storage_network_is_one_alarm() -> None:
    volume = replace(VOLUME, access=(NodeAccess("N1", VolumeAccess.UNAVAILABLE),))
    where = around(info=LOST_LINKS | {"volumes": (volume,)})
    found = alarms(vms(3, power=PowerState.CRITICAL, heartbeat=Heartbeat.PAUSED), where)
    assert [(alarm.cause.kind, len(alarm.vm_keys)) for alarm in found] == [
        (Kind.STORAGE_NETWORK_LOST, 3)
    ]


def test_vms_that_are_their_own_cause_share_an_alarm_of_their_kind() -> None:
    found = alarms(vms(3, **SILENT), around())
    assert [(alarm.title, alarm.vm_keys) for alarm in found] == [
        ("3 VMs: guest does not answer", ("k0", "k1", "k2"))
    ]
    assert (
        alarms(vms(1, **SILENT), around())[0].title == "vm-0 runs, but its guest does not answer."
    )


def test_nothing_wrong_is_no_alarm() -> None:
    assert alarms(vms(5), around()) == ()
    off = [
        replace(vm, azure=replace(VM.azure, power=PowerState.STOPPED))
        for vm in vms(2, power=PowerState.STOPPED)
    ]
    assert alarms(off, around()) == ()


def test_a_node_we_drained_is_explained_until_it_is_resumed() -> None:
    where = around(node={"state": NodeState.PAUSED})
    drained = record(DrainNode("n1"), OperationState.SUCCEEDED)
    (alarm,) = alarms([], where, drained)
    assert "Drain N1, asked for by ada" in alarm.explained
    assert alarm.id == "NODE_MAINTENANCE|node:N1|ours"
    resumed = record(ResumeNode("N1"), OperationState.SUCCEEDED, NOW - 30)
    for others in ((), (drained, resumed), (record(DrainNode("N2"), OperationState.RUNNING),)):
        assert alarms([], where, *others)[0].explained == ""
    failed = record(DrainNode("N1"), OperationState.FAILED)
    assert alarms([], where, failed)[0].explained == ""


def test_a_drained_node_that_is_lost_with_vms_on_it_is_an_alarm() -> None:
    where = around(node={"state": NodeState.DOWN})
    drained = record(DrainNode("N1"), OperationState.SUCCEEDED)
    assert [alarm.explained != "" for alarm in alarms([], where, drained)] == [True]
    found = {alarm.id: alarm for alarm in alarms(vms(1, **SILENT), where, drained)}
    assert found["NODE_LOST|node:N1"].vm_keys == ("k0",)


def test_a_vm_we_restart_is_explained_and_its_neighbour_is_not() -> None:
    starting = {"heartbeat": Heartbeat.NO_CONTACT, "running_since": NOW - 20}
    restarted = record(ChangePowerState("k0", "vm-0", PowerAction.RESTART), OperationState.RUNNING)
    found = {alarm.id: alarm for alarm in alarms(vms(2, **starting), around(), restarted)}
    assert found["GUEST_STARTING|vm|ours"].vm_keys == ("k0",)
    assert found["GUEST_STARTING|vm"].vm_keys == ("k1",)
    long_ago = record(
        ChangePowerState("k0", "vm-0", PowerAction.RESTART), OperationState.SUCCEEDED, NOW - 9000
    )
    assert all(not alarm.explained for alarm in alarms(vms(2, **SILENT), around(), long_ago))


def test_the_worst_comes_first() -> None:
    found = alarms(
        vms(1, **SILENT) + [replace(vm, key="x") for vm in vms(1, heartbeat=Heartbeat.UNKNOWN)],
        around(node={"state": NodeState.PAUSED}),
    )
    assert [alarm.level for alarm in found] == [
        HealthLevel.CRITICAL, HealthLevel.UNKNOWN, HealthLevel.ATTENTION,
    ]  # fmt: skip
