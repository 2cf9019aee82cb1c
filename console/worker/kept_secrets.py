"""Secrets of running operations: in the keyring while they run, so that a restart finds them."""

from collections.abc import Callable, Mapping
from typing import Protocol

from console.channel.messages import Notice
from console.model.freshness import Fault, FaultCode
from console.model.request import SecretField
from console.worker.clock import Clock

_FIELDS = tuple(field.value for field in SecretField)


class KeepsSecrets(Protocol):
    """``console.credentials.Credentials``; its calls may block, so they are made in a thread."""

    def keep(self, operation_id: str, field: str, secret: str) -> bool: ...

    def recall(self, operation_id: str, field: str) -> str | None: ...

    def forget(self, operation_id: str, fields: tuple[str, ...]) -> None: ...

    def keep_anchor(self, folder: str, number: int, digest: str) -> None: ...


class KeptSecrets:
    """Of all operations of one connection. All but ``say_not_kept`` block: call in a thread."""

    def __init__(
        self, credentials: KeepsSecrets, clock: Clock, send: Callable[[Notice], None]
    ) -> None:
        self._credentials = credentials
        self._clock = clock
        self._send = send
        self._has_said_not_kept = False

    def recalled(self, operation_id: str) -> dict[str, str]:
        found = {field: self._credentials.recall(operation_id, field) for field in _FIELDS}
        return {field: secret for field, secret in found.items() if secret is not None}

    def kept(self, operation_id: str, secrets: Mapping[str, str]) -> bool:
        """Whether all of them outlive this process."""
        kept = [self._credentials.keep(operation_id, *pair) for pair in secrets.items()]
        return all(kept)

    def forget(self, operation_id: str) -> None:
        self._credentials.forget(operation_id, _FIELDS)

    def say_not_kept(self) -> None:
        """Once: passwords of running creations are lost if the console stops."""
        if self._has_said_not_kept:
            return
        self._has_said_not_kept = True
        fault = Fault(
            FaultCode.REJECTED,
            "No keyring keeps passwords here: they are held in memory only.",
            remedy="Set up the system's keyring, or keep the console open until creations end.",
            kept="Nothing is written to a file. After a restart a creation that still needs its "
            "password says so.",
            at=self._clock.now(),
        )
        self._send(Notice(fault))
