"""Looking into the running lab and making things go wrong in it: one JSON line in, one out."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import IO, Any

from console.lab.world.clock import RealClock
from console.lab.world.errors import WorldError
from console.lab.world.site import Site


def answer(site: Site, line: str) -> dict[str, Any]:
    """What the world says to one command; ``{"error": ...}`` for what it does not understand.

    Commands: ``vms``, ``vm`` (name), ``nodes``, ``migrations``, ``drains``, ``operations``,
    ``counters``, ``resource`` (id), ``resources`` (about: a part of their ids), ``fault`` (name,
    args), ``advance`` (seconds), ``speed`` (factor), ``act`` (name, args: a public act of the site,
    as an operator elsewhere would do it), ``fleet`` (name, args: the same of the fleet around it).
    """
    try:
        command = json.loads(line)
        wanted = _COMMANDS[command["do"]]
        with site.look():
            return {"ok": True, **wanted(site, command)}
    except WorldError as error:
        return {"ok": False, "error": error.code, "text": error.text}
    except (ValueError, KeyError, TypeError) as error:
        return {"ok": False, "error": type(error).__name__, "text": str(error)}


def serve_control(site: Site, stdin: IO[str], stdout: IO[str]) -> None:
    """Answer until the input closes."""
    for line in stdin:
        if line.strip():
            stdout.write(json.dumps(answer(site, line), default=list) + "\n")
            stdout.flush()


def _vms(site: Site, _command: dict[str, Any]) -> dict[str, Any]:
    return {"vms": [asdict(vm) for vm in site.vms.values()]}


def _vm(site: Site, command: dict[str, Any]) -> dict[str, Any]:
    vm = site.find_vm(command["name"])
    if vm is None:
        return {"vm": None}
    migration = site.migrations.get(vm.vm_id)
    return {
        "vm": asdict(vm),
        "migration": asdict(migration) if migration is not None else None,
        "instance_id": site.instance_of_vm.get(vm.vm_id, ""),
    }


def _nodes(site: Site, _command: dict[str, Any]) -> dict[str, Any]:
    return {"nodes": [asdict(node) for node in site.nodes.values()]}


def _migrations(site: Site, _command: dict[str, Any]) -> dict[str, Any]:
    return {"migrations": [asdict(migration) for migration in site.migrations.values()]}


def _drains(site: Site, _command: dict[str, Any]) -> dict[str, Any]:
    return {"drains": [asdict(drain) for drain in site.drains.values()]}


def _operations(site: Site, _command: dict[str, Any]) -> dict[str, Any]:
    return {"operations": [asdict(operation) for operation in site.operations.values()]}


def _counters(site: Site, _command: dict[str, Any]) -> dict[str, Any]:
    return {"counters": dict(site.counters), "revision": site.revision, "now": site.now}


def _resource(site: Site, command: dict[str, Any]) -> dict[str, Any]:
    found = site.get_resource(command["id"])
    return {"resource": asdict(found) if found is not None else None}


def _resources(site: Site, command: dict[str, Any]) -> dict[str, Any]:
    about = str(command["about"]).lower()
    return {"ids": [one.id for key, one in site.resources.items() if about in key]}


def _fault(site: Site, command: dict[str, Any]) -> dict[str, Any]:
    site.faults.apply(command["name"], command.get("args", {}))
    return {}


def _advance(site: Site, command: dict[str, Any]) -> dict[str, Any]:
    site.clock.advance(float(command["seconds"]))
    with site.look():
        return {"now": site.now}


def _speed(site: Site, command: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(site.clock, RealClock):
        raise ValueError("this clock is moved by hand")
    site.clock.speed = float(command["factor"])
    return {"speed": site.clock.speed}


_ACTS = frozenset(
    {"start_migration", "start_quick_migration", "cancel_migration", "suspend_node", "resume_node",
     "set_azure_placement", "act", "delete_resource"}
)  # fmt: skip


def _act(site: Site, command: dict[str, Any]) -> dict[str, Any]:
    if command["name"] not in _ACTS:
        raise ValueError(f"there is no act {command['name']!r}")
    done = getattr(site, command["name"])(**command.get("args", {}))
    return {"result": asdict(done) if done is not None else None}


_FLEET_ACTS = frozenset({"set_power", "disconnect", "clock_ahead"})


def _fleet(site: Site, command: dict[str, Any]) -> dict[str, Any]:
    if site.fleet is None or command["name"] not in _FLEET_ACTS:
        raise ValueError(f"there is no act {command['name']!r} on a fleet here")
    getattr(site.fleet, command["name"])(**command.get("args", {}))
    return {}


_COMMANDS: dict[str, Callable[[Site, dict[str, Any]], dict[str, Any]]] = {
    "vms": _vms,
    "vm": _vm,
    "nodes": _nodes,
    "migrations": _migrations,
    "drains": _drains,
    "operations": _operations,
    "counters": _counters,
    "resource": _resource,
    "resources": _resources,
    "fault": _fault,
    "advance": _advance,
    "speed": _speed,
    "act": _act,
    "fleet": _fleet,
}
