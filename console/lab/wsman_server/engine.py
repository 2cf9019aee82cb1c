"""Executes pipelines by name: a function of the catalogue has a Python twin, nothing else runs."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from psrpcore.types import ErrorCategory

from console.lab.world.errors import WorldError
from console.lab.world.site import Site
from console.lab.wsman_server import catalogue
from console.lab.wsman_server.pipe import Context, Cut
from console.lab.wsman_server.protocol_core import CommandRefused

Twin = Callable[[Mapping[str, Any]], Any]
_NOT_FOUND = "System.Management.Automation.CommandNotFoundException"
_AUTOMATION = "System.Management.Automation.RuntimeException"
_LONGEST_NAME = 100


class Engine:
    """The functions of one node; called on a pipeline's own thread."""

    def __init__(self, site: Site, node: str, twins: Mapping[str, Twin]) -> None:
        self._site = site
        self._node = node
        self._twins = twins

    def __call__(self, context: Context, pipeline: Any) -> None:
        """Run every command of the pipeline, one after the other."""
        commands = getattr(pipeline, "commands", None)
        if commands is None:
            raise CommandRefused(
                "CommandDiscoveryNotAllowed",
                "This endpoint does not tell its commands.",
                ErrorCategory.PermissionDenied,
                _AUTOMATION,
            )
        has_module = not self._site.faults.module_is_missing
        for command in commands:
            context.demand_going_on()
            if not command.end_of_statement:
                raise CommandRefused(
                    "PipelinesNotAllowed",
                    "This endpoint runs one function a statement.",
                    ErrorCategory.PermissionDenied,
                    _AUTOMATION,
                )
            if command.is_script:
                self._demand_shipped(str(command.command_text))
                has_module = True
                continue
            name = str(command.command_text)
            if not has_module:
                raise _unknown(name)
            try:
                answer = self.call(name, dict(command.parameters))
            except CommandRefused as refusal:
                refusal.command = name
                raise
            self._lose_answer(name)
            context.output(answer)

    def call(self, name: str, parameters: Mapping[str | None, Any]) -> str:
        """What one function puts out: one compact JSON string. Raises CommandRefused."""
        function = catalogue.load().find(name)
        missing = {each.lower() for each in self._site.faults.missing_functions}
        if function is None or name.lower() in missing:
            raise _unknown(name)
        if None in parameters:
            raise CommandRefused(
                "PositionalParameterNotFound",
                "A positional parameter cannot be found that accepts this argument.",
                ErrorCategory.InvalidArgument,
                "System.Management.Automation.ParameterBindingException",
            )
        bound = function.bind({str(key): value for key, value in parameters.items()})
        try:
            with self._site.look():
                data = self._twins[function.name](bound)
                now, is_malformed = self._site.now, "cluster" in self._site.faults.malformed
        except WorldError as error:
            text = f"{error.text} ({error.hresult})" if error.hresult else error.text
            raise CommandRefused(error.code, text) from error
        answer = json.dumps(
            {
                "schema": catalogue.load().schema,
                "node": self._node,
                "time": _iso(now),
                "data": data,
            },
            separators=(",", ":"),
        )
        # As when a node's function dies in the middle of its answer.
        return answer[: len(answer) // 2] if is_malformed else answer

    def _lose_answer(self, name: str) -> None:
        """The fault of an answer lost after its act was done."""
        function = catalogue.load().find(name)
        with self._site.look():
            if function is not None and function.is_act and self._site.faults.answer_lost_after_act:
                self._site.faults.answer_lost_after_act -= 1
                raise Cut

    def _demand_shipped(self, script: str) -> None:
        if catalogue.fingerprint(script) not in catalogue.shipped_scripts():
            raise CommandRefused(
                "ScriptsNotAllowed",
                "The syntax is not supported by this runspace. This can occur if the runspace is "
                "in no-language mode.",
                ErrorCategory.ParserError,
                "System.Management.Automation.ParseException",
            )


def _unknown(name: str) -> CommandRefused:
    shown = name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "..."
    return CommandRefused(
        "CommandNotFoundException",
        f"The term '{shown}' is not recognized as the name of a cmdlet, function, script file, or "
        "operable program. Check the spelling of the name, or if a path was included, verify that "
        "the path is correct and try again.",
        ErrorCategory.ObjectNotFound,
        _NOT_FOUND,
        shown,
    )


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
