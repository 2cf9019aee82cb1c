"""Runs named functions for a pipeline: dispatch on the name, never any PowerShell text."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from psrpcore import ServerPipeline
from psrpcore.types import ErrorCategory, ErrorCategoryInfo, ErrorRecord, NETException


class StoppedError(Exception):
    """The client asked this pipeline to stop."""


class RefusedError(Exception):
    """A function declined with an error record; ``identity`` is its FullyQualifiedErrorId."""

    def __init__(self, identity: str, text: str) -> None:
        super().__init__(text)
        self.identity, self.text = identity, text


@dataclass
class Call:
    """One command of a pipeline as it came over the wire."""

    name: str
    parameters: dict[str, Any]
    is_script: bool = False


class Context(Protocol):
    """What a function may do besides answering."""

    def sleep(self, seconds: float) -> None:
        """Raises StoppedError when the client stops the pipeline meanwhile."""
        ...


Function = Callable[[Context, Mapping[str, Any]], str]


class Engine(Protocol):
    """Runs one call and returns what it puts out. Raises RefusedError or StoppedError."""

    def run(self, context: "RunContext", call: Call, inputs: list[Any]) -> list[Any]: ...


class RunContext:
    """The life of one running pipeline."""

    def __init__(self, pipeline: ServerPipeline, changed: Callable[[], None]) -> None:
        self.pipeline = pipeline
        self.stop_asked = threading.Event()
        self.changed = changed

    def sleep(self, seconds: float) -> None:
        if self.stop_asked.wait(seconds):
            raise StoppedError


class FunctionEngine:
    """Named functions only; any other name and any script is refused as PowerShell would."""

    def __init__(self, functions: Callable[[], Mapping[str, Function]]) -> None:
        # Asked each time: a fault may take a function away while the lab runs.
        self._functions = functions

    def run(self, context: RunContext, call: Call, inputs: list[Any]) -> list[Any]:
        functions = {name.lower(): known for name, known in self._functions().items()}
        function = functions.get(call.name.lower())
        if function is None or call.is_script:
            shown = call.name if len(call.name) < 100 else call.name[:100] + "..."
            raise RefusedError(
                "CommandNotFoundException",
                f"The term '{shown}' is not recognized as the name of a cmdlet, function, script "
                "file, or operable program. Check the spelling of the name, or if a path was "
                "included, verify that the path is correct and try again.",
            )
        return [function(context, call.parameters)]


def error_record(error: RefusedError) -> ErrorRecord:
    """As Windows sends it: exception, category and identity."""
    exception = NETException(Message=error.text, HResult=-2146233087)
    kind = "System.Management.Automation.RuntimeException"
    if error.identity == "CommandNotFoundException":
        kind = "System.Management.Automation.CommandNotFoundException"
    exception.PSObject.type_names = [kind, "System.SystemException", *exception.PSTypeNames]
    return ErrorRecord(
        Exception=exception,
        CategoryInfo=ErrorCategoryInfo(
            Category=ErrorCategory.InvalidOperation, Reason=kind.rsplit(".", 1)[-1]
        ),
        FullyQualifiedErrorId=error.identity,
    )
