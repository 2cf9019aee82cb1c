"""Asked for Trusted launch and did not get it; other VMs are as they were meant."""

from collections.abc import Iterator

from console.health.levels import HealthLevel, Kind, Owner, Reason
from console.health.surroundings import Surroundings
from console.model.virtual_machine import SecurityType, VirtualMachine


def of_vm(vm: VirtualMachine, around: Surroundings) -> Iterator[Reason]:
    facts = vm.cluster
    if facts is None:
        return
    was_asked = vm.azure is not None and vm.azure.security is SecurityType.TRUSTED_LAUNCH
    if was_asked and facts.security in (SecurityType.STANDARD, SecurityType.CONFIDENTIAL):
        yield Reason(
            HealthLevel.ATTENTION,
            f"Azure says {vm.name} is a Trusted launch VM, but the hypervisor runs it without.",
            f"GuestStateIsolationType: {facts.security}",
            "Trusted launch is chosen at creation only: create the VM again.",
            facts.read_at,
            Kind.NOT_AS_ASKED,
            f"vm:{vm.key}",
            owner=Owner.AZURE,
        )
    if facts.security is SecurityType.TRUSTED_LAUNCH:
        off = [
            name
            for name, value in (("Secure Boot", facts.secure_boot), ("vTPM", facts.vtpm))
            if value is False
        ]
        if off:
            yield Reason(
                HealthLevel.ATTENTION,
                f"{vm.name} is a Trusted launch VM with {' and '.join(off)} off.",
                remedy="Find out who switched it off, and when.",
                read_at=facts.read_at,
                kind=Kind.PROTECTION_OFF,
                about=f"vm:{vm.key}",
                owner=Owner.CLUSTER,
            )
