"""Power of a VM: transitions that take their time, boots, and restarts after a node's death."""

from collections.abc import Callable

from console.lab.world.core import HOLDS_MEMORY, World
from console.lab.world.errors import WorldError
from console.lab.world.schedule import Timer
from console.lab.world.state import WorldVm

Done = Callable[[str], None]  # told with the reason of a failure, empty when all went well

# action -> Hyper-V states from which it may start
_ALLOWED = {
    "start": frozenset({"Off", "Saved", "Paused"}),
    "stop": frozenset({"Running", "Paused", "PausedCritical"}),
    "restart": frozenset({"Running"}),
    "pause": frozenset({"Running"}),
    "save": frozenset({"Running", "Paused"}),
}


class Power:
    """Power transitions. One VM is in one transition at a time."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._going_on: dict[str, tuple[Timer, Done]] = {}
        self._waking: dict[str, Timer] = {}

    def begin(self, vm: WorldVm, action: str, done: Done) -> float:
        """Start a transition; returns the seconds it will take. Refuses what cannot be."""
        world = self.world
        allowed = _ALLOWED.get(action)
        if allowed is None:
            raise WorldError("BadRequest", f"there is no action {action!r}", status=400)
        if vm.vm_id in self._going_on or world.active_migration(vm.vm_id) is not None:
            raise WorldError("ConflictingOperation", f"another operation runs on {vm.name}")
        if vm.state not in allowed:
            raise WorldError("InvalidState", f"{vm.name} is {vm.state}: it cannot {action}")
        if action == "start" and vm.state != "Paused":
            self._demand_room(vm)
        world.count(f"{action}:{vm.vm_id}")
        vm.executed[action] = vm.executed.get(action, 0) + 1
        takes = world.settings.power_s
        if action == "start":
            self._start(vm, done)
        elif action == "restart":
            self._go(vm, "Stopping", takes / 2, lambda: self._start(vm, done), done)
            return takes * 1.5
        else:
            via, into = {
                "stop": ("Stopping", "Off"),
                "pause": ("Pausing", "Paused"),
                "save": ("Saving", "Saved"),
            }[action]
            self._go(vm, via, takes, lambda: self._settle(vm, into, done), done)
        return takes

    def is_busy(self, vm: WorldVm) -> bool:
        return vm.vm_id in self._going_on

    def boot(self, vm: WorldVm, done: Done) -> None:
        """Start from off, whoever asked: a creation, a failover."""
        self._start(vm, done)

    def power_lost(self, vm: WorldVm) -> None:
        """The node under it died: whatever went on has failed."""
        waking = self._waking.pop(vm.vm_id, None)
        if waking is not None:
            waking.cancel()
        going_on = self._going_on.pop(vm.vm_id, None)
        vm.state, vm.heartbeat = "Off", "Unknown"
        if going_on is not None:
            timer, done = going_on
            timer.cancel()
            done(f"node {vm.owner} was lost")

    def _start(self, vm: WorldVm, done: Done) -> None:
        is_boot = vm.state in ("Off", "Stopping")
        via = "Resuming" if vm.state == "Paused" else "Starting"
        takes = self.world.settings.power_s

        def up() -> None:
            if is_boot:
                self._booted(vm)
            self._settle(vm, "Running", done)

        self._go(vm, via, takes, up, done)

    def _booted(self, vm: WorldVm) -> None:
        vm.started_at = self.world.now
        if vm.vtpm:
            secret, _, boots = vm.tpm_state.partition(".")
            secret = secret or self.world.guid("tpm", vm.vm_id)[:18]
            vm.tpm_state = f"{secret}.{int(boots or 0) + 1}"

    def _go(self, vm: WorldVm, via: str, takes: float, act: Callable[[], None], done: Done) -> None:
        vm.state = via
        vm.heartbeat = "NoContact"
        vm.group_state = "Pending" if via in ("Starting", "Stopping") else vm.group_state

        def arrived() -> None:
            del self._going_on[vm.vm_id]
            act()

        self._going_on[vm.vm_id] = (self.world.after(takes, arrived), done)

    def _settle(self, vm: WorldVm, into: str, done: Done) -> None:
        vm.state = into
        vm.group_state = "Online" if into in HOLDS_MEMORY else "Offline"
        vm.heartbeat = {"Running": "NoContact", "Paused": "Paused"}.get(into, "Unknown")
        if into == "Running":
            self._waking[vm.vm_id] = self.world.after(
                self.world.settings.heartbeat_s, lambda: self._awake(vm)
            )
        done("")

    def _awake(self, vm: WorldVm) -> None:
        self._waking.pop(vm.vm_id, None)
        if vm.state == "Running" and vm.heartbeat == "NoContact":
            vm.heartbeat = "OkApplicationsHealthy"

    def _demand_room(self, vm: WorldVm) -> None:
        node = self.world.nodes[vm.owner]
        if node.state not in ("Up", "Paused"):
            raise WorldError("NodeNotUp", f"node {node.name} is {node.state}")
        free = self.world.free_mib(vm.owner)
        if free < vm.memory_mib:
            raise WorldError(
                "InsufficientMemory",
                f"node {vm.owner} has {free} MiB free, {vm.name} needs {vm.memory_mib} MiB",
                hresult="0x800705AA",
            )
