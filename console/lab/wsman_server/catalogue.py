"""The node module's list of functions as the lab reads it, and how PowerShell binds parameters."""

import functools
import hashlib
import re
import tomllib
import uuid
from collections.abc import Mapping
from typing import Any

import msgspec
from psrpcore.types import ErrorCategory

from console.catalog import resource_path
from console.lab.wsman_server.protocol_core import CommandRefused

_FOLDER = "scripts"
_BINDING = "System.Management.Automation.ParameterBindingException"
_VALIDATION = "System.Management.Automation.ParameterBindingValidationException"


class Parameter(msgspec.Struct, frozen=True):
    name: str
    type: str  # guid, string, int, bool
    is_mandatory: bool = False
    pattern: str = ""
    range: tuple[int, int] | None = None


class Function(msgspec.Struct, frozen=True):
    """One function; ``data`` is the schema file of what it puts out."""

    name: str
    does: str
    is_act: bool
    data: str
    cmdlets: tuple[str, ...]
    source: str
    parameter: tuple[Parameter, ...] = ()
    role: str = ""  # administrator, where an operator may not call it

    def bind(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Values by their declared spelling; refuses as PowerShell's binder would."""
        declared = {parameter.name.lower(): parameter for parameter in self.parameter}
        bound: dict[str, Any] = {}
        for name, value in given.items():
            parameter = declared.get(name.lower())
            if parameter is None:
                raise CommandRefused(
                    "NamedParameterNotFound",
                    f"A parameter cannot be found that matches parameter name '{name}'.",
                    ErrorCategory.InvalidArgument,
                    _BINDING,
                )
            bound[parameter.name] = _converted(parameter, value)
        missing = [p.name for p in self.parameter if p.is_mandatory and p.name not in bound]
        if missing:
            raise CommandRefused(
                "MissingMandatoryParameter",
                "Cannot process command because of one or more missing mandatory parameters: "
                f"{' '.join(missing)}.",
                ErrorCategory.InvalidArgument,
                _BINDING,
            )
        return bound


class Catalogue(msgspec.Struct, frozen=True):
    schema: int
    module: str
    version: str
    basics: tuple[str, ...]
    function: tuple[Function, ...]

    def find(self, name: str) -> Function | None:
        """By name; PowerShell does not tell upper from lower case."""
        return next((f for f in self.function if f.name.lower() == name.lower()), None)


@functools.cache
def load() -> Catalogue:
    """resources/scripts/functions.toml."""
    text = resource_path(f"{_FOLDER}/functions.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Catalogue)


@functools.cache
def shipped_scripts() -> frozenset[str]:
    """SHA-256 of every script text that the console ships; no other text has a twin here."""
    files = resource_path(_FOLDER).glob("*.ps*1")
    return frozenset(fingerprint(path.read_text(encoding="utf-8")) for path in files)


def fingerprint(script: str) -> str:
    return hashlib.sha256(script.encode()).hexdigest()


def _converted(parameter: Parameter, value: Any) -> Any:
    if parameter.type == "bool":
        if not isinstance(value, bool | int) or (isinstance(value, int) and value not in (0, 1)):
            raise _not_convertible(parameter, "System.Boolean")
        return bool(value)
    if parameter.type == "guid":
        try:
            return str(uuid.UUID(str(value)))
        except ValueError:
            raise _not_convertible(parameter, "System.Guid") from None
    if parameter.type == "int":
        try:
            number = int(value)
        except (TypeError, ValueError):
            raise _not_convertible(parameter, "System.Int32") from None
        low, high = parameter.range or (-(2**31), 2**31 - 1)
        if not low <= number <= high:
            raise _invalid(parameter, f"it is not between {low} and {high}")
        return number
    text = str(value)
    if re.search(parameter.pattern, text) is None:
        raise _invalid(parameter, f'it does not match the "{parameter.pattern}" pattern')
    return text


def _not_convertible(parameter: Parameter, kind: str) -> CommandRefused:
    return CommandRefused(
        "ParameterArgumentTransformationError",
        f"Cannot process argument transformation on parameter '{parameter.name}'. Cannot convert "
        f'the value to type "{kind}".',
        ErrorCategory.InvalidData,
        _BINDING,
    )


def _invalid(parameter: Parameter, why: str) -> CommandRefused:
    # Without the value: what a stranger sent is not repeated.
    return CommandRefused(
        "ParameterArgumentValidationError",
        f"Cannot validate argument on parameter '{parameter.name}': {why}.",
        ErrorCategory.InvalidData,
        _VALIDATION,
    )
