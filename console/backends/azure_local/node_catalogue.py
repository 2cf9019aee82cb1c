"""The functions that this client may call on a node: a closed list, equal to the node module's.

``resources/scripts/functions.toml`` is the list all parties are compared with (contract tests).
"""

import functools
import re
import tomllib
from collections.abc import Mapping
from typing import Literal

import msgspec

from console.catalog import resource_path

Value = str | int | bool


class NodeParameter(msgspec.Struct, frozen=True, gc=False):
    """One parameter; ``pattern`` for strings, ``range`` (lowest, highest) for integers."""

    name: str
    type: Literal["guid", "string", "int", "bool"]
    is_mandatory: bool = False
    pattern: str = ""
    range: tuple[int, int] | None = None


class NodeFunction(msgspec.Struct, frozen=True, gc=False):
    """One function; ``is_act`` if it changes something, so that it is never sent twice."""

    name: str
    is_act: bool = False
    parameters: tuple[NodeParameter, ...] = ()


_NODE_NAME = r"^[A-Za-z0-9][A-Za-z0-9-]{0,62}(?!\n)$"
_OPERATION = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}(?!\n)$"
_OPERATION_OR_NONE = r"^([A-Za-z0-9][A-Za-z0-9._:-]{0,63})?(?!\n)$"
_GUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")

_TIME_FRAME = r"^Last(Hour|Day|Week|Month|Year)(?!\n)$"

_P = NodeParameter
_VM_ID = _P("VMId", "guid", True)
_NAME = _P("Name", "string", True, _NODE_NAME)
_OPERATION_ID = _P("OperationId", "string", True, _OPERATION)

FUNCTIONS: dict[str, NodeFunction] = {
    function.name: function
    for function in (
        NodeFunction("Get-TlcCluster"),
        NodeFunction("Get-TlcNode"),
        NodeFunction(
            "Get-TlcVirtualMachine",
            parameters=(
                _P("VMId", "guid"),
                _P("First", "int", range=(1, 5000)),
                _P("Skip", "int", range=(0, 100_000)),
            ),
        ),
        NodeFunction("Get-TlcHealth"),
        NodeFunction(
            "Get-TlcVmHistory", parameters=(_VM_ID, _P("TimeFrame", "string", True, _TIME_FRAME))
        ),
        NodeFunction(
            "Get-TlcNodeHistory", parameters=(_NAME, _P("TimeFrame", "string", True, _TIME_FRAME))
        ),
        NodeFunction(
            "Start-TlcLiveMigration",
            True,
            (
                _VM_ID,
                _P("TargetNode", "string", True, _NODE_NAME),
                _P("ExpectedOwner", "string", True, _NODE_NAME),
                _OPERATION_ID,
            ),
        ),
        NodeFunction(
            "Start-TlcQuickMigration",
            True,
            (
                _VM_ID,
                _P("TargetNode", "string", True, _NODE_NAME),
                _P("ExpectedOwner", "string", True, _NODE_NAME),
                _OPERATION_ID,
            ),
        ),
        NodeFunction("Get-TlcLiveMigration", parameters=(_VM_ID,)),
        NodeFunction(
            "Stop-TlcLiveMigration",
            True,
            (_VM_ID, _P("OperationId", "string", False, _OPERATION_OR_NONE)),
        ),
        NodeFunction("Suspend-TlcNode", True, (_NAME, _P("Drain", "bool"), _OPERATION_ID)),
        NodeFunction(
            "Set-TlcNodePlacement", True, (_NAME, _P("IsAllowed", "bool", True), _OPERATION_ID)
        ),
        NodeFunction("Get-TlcNodeDrain", parameters=(_NAME,)),
        NodeFunction("Resume-TlcNode", True, (_NAME, _P("Failback", "bool"), _OPERATION_ID)),
        NodeFunction("Test-TlcEndpoint"),
    )
}


@functools.cache
def module_version() -> str:
    """The version of the node module that came with this console."""
    text = resource_path("scripts/functions.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(text)["version"])


# The acting functions that each operation on the cluster needs.
FUNCTIONS_OF: dict[str, tuple[str, ...]] = {
    "live_migrate": ("Start-TlcLiveMigration",),
    "quick_migrate": ("Start-TlcQuickMigration",),
    "drain_node": ("Suspend-TlcNode", "Set-TlcNodePlacement"),
    "pause_node": ("Suspend-TlcNode", "Set-TlcNodePlacement"),
    "resume_node": ("Resume-TlcNode", "Set-TlcNodePlacement"),
}


def misuse(name: str, values: Mapping[str, Value]) -> str:
    """Why a node would refuse this call before doing anything; empty if it would not."""
    function = FUNCTIONS.get(name)
    if function is None:
        return f"the node module has no function {name}"
    known = {parameter.name: parameter for parameter in function.parameters}
    strange = [given for given in values if given not in known]
    if strange:
        return f"{name} has no parameter {strange[0]}"
    for parameter in function.parameters:
        if parameter.name not in values:
            if parameter.is_mandatory:
                return f"{name} needs -{parameter.name}"
        elif not _fits(parameter, values[parameter.name]):
            return f"{name} does not take this value for -{parameter.name}"
    return ""


def _fits(parameter: NodeParameter, value: Value) -> bool:
    if parameter.type == "bool":
        return isinstance(value, bool)
    if parameter.type == "int":
        low, high = parameter.range or (-(2**31), 2**31 - 1)
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    if not isinstance(value, str):
        return False
    if parameter.type == "guid":
        return _GUID.fullmatch(value) is not None
    return re.search(parameter.pattern, value) is not None
