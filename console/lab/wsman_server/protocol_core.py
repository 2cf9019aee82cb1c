"""psrpcore's server half with what Windows does differently, and messages cut into fragments."""

import struct
import uuid
from collections.abc import Iterator
from typing import Any

from psrpcore import PSRPEvent, ServerPipeline, ServerRunspacePool
from psrpcore.types import (
    ErrorCategory,
    ErrorCategoryInfo,
    ErrorRecord,
    NETException,
    PSInvocationState,
    PSRPMessageType,
    PSVersion,
)

# 32 KiB with the fragment's header: what Windows sends at most.
FRAGMENT_DATA = 32747
_FRAGMENT_HEADER = struct.Struct(">QQBI")
_MESSAGE_HEADER_SIZE = 40
_BOM = b"\xef\xbb\xbf"
_RUNSPACE_COUNTS = (PSRPMessageType.SetMaxRunspaces, PSRPMessageType.SetMinRunspaces)


class CommandRefused(Exception):  # noqa: N818 - an answer to the client, no error of the lab
    """A terminating error: ``identity`` is the first part of the FullyQualifiedErrorId.

    ``command`` is the function that refused, empty for a script or for no command at all.
    """

    def __init__(
        self,
        identity: str,
        text: str,
        category: ErrorCategory = ErrorCategory.InvalidOperation,
        exception: str = "System.InvalidOperationException",
        target: str | None = None,
    ) -> None:
        super().__init__(text)
        self.identity = identity
        self.text = text
        self.category = category
        self.exception = exception
        self.target = target
        self.command = ""

    def record(self) -> ErrorRecord:
        """As the ErrorRecord that the client gets."""
        command = self.command
        raised = NETException(Message=self.text, HResult=-2146233079)
        raised.PSObject.type_names = [self.exception, "System.Exception", "System.Object"]
        return ErrorRecord(
            Exception=raised,
            CategoryInfo=ErrorCategoryInfo(
                Category=self.category,
                Activity=command,
                Reason=self.exception.rsplit(".", 1)[-1],
                TargetName=self.target or "",
                TargetType="String" if self.target else "",
            ),
            TargetObject=self.target,
            FullyQualifiedErrorId=f"{self.identity},{command}" if command else self.identity,
        )


class LabPool(ServerRunspacePool):
    """A runspace pool as Windows PowerShell 5.1 presents it."""

    def __init__(self) -> None:
        super().__init__(
            {
                "PSVersionTable": {
                    "PSVersion": PSVersion("5.1.26100.4652"),
                    "PSEdition": "Desktop",
                    "BuildVersion": PSVersion("10.0.26100.4652"),
                    "WSManStackVersion": PSVersion("3.0"),
                }
            }
        )

    def announce(self) -> None:
        """Queue our SessionCapability: psrpcore forgets it when a new client connects."""
        self.prepare_message(self.our_capability)

    def drain(self) -> Iterator[tuple[PSRPMessageType, uuid.UUID | None, list[bytes]]]:
        """Every queued message, cut into fragments; psrpcore's own call would merge them."""
        messages, self._send_buffer = self._send_buffer, []
        for message in messages:
            yield message.message_type, message.pipeline_id, _fragments(message)

    def _process_message(self, message: Any) -> PSRPEvent[Any, Any]:
        if message.message_type in _RUNSPACE_COUNTS:
            # Windows reads property names in any case, psrpcore in one.
            message._data = message._data.replace(b'N="CI"', b'N="ci"')
        return super()._process_message(message)


class LabPipeline(ServerPipeline):
    """A pipeline that starts silently, as on Windows, and can fail."""

    def begin(self) -> None:
        self._change_state(PSInvocationState.Running, emit=False)

    def fail(self, record: ErrorRecord) -> None:
        self._change_state(PSInvocationState.Failed, error=record)


def _fragments(message: Any) -> list[bytes]:
    data = bytes(message.data)
    if len(data) > _MESSAGE_HEADER_SIZE:
        # Windows writes the mark before the XML of each message.
        data = data[:_MESSAGE_HEADER_SIZE] + _BOM + data[_MESSAGE_HEADER_SIZE:]
    parts = [data[at : at + FRAGMENT_DATA] for at in range(0, len(data), FRAGMENT_DATA)]
    last = len(parts) - 1
    return [
        _FRAGMENT_HEADER.pack(
            message.object_id, number, (number == 0) | (number == last) << 1, len(part)
        )
        + part
        for number, part in enumerate(parts)
    ]
