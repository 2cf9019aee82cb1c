"""Secrets of this session, struck out of every text that is logged or journalled."""

import json
import re
from collections.abc import Iterable

import msgspec

from console.model.freshness import Fault

_MASK = "•••"
# Shorter ones would strike out parts of ordinary words.
_LEAST_LENGTH = 4
_BEARER = re.compile(r"(?i)\b(bearer|basic|negotiate)\s+[A-Za-z0-9._~+/=-]{8,}")


class Redaction:
    """Learns secrets as they arrive; one for the whole worker."""

    def __init__(self) -> None:
        self._secrets: tuple[str, ...] = ()

    def learn(self, secrets: Iterable[str]) -> None:
        """Strike these out from now on, as they are and as JSON and XML write them."""
        known = set(self._secrets)
        for secret in secrets:
            if len(secret) >= _LEAST_LENGTH:
                known.update((secret, json.dumps(secret)[1:-1], _as_xml(secret)))
        # Longest first, so that one that contains another goes whole.
        self._secrets = tuple(sorted(known, key=len, reverse=True))

    def __call__(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, _MASK)
        return _BEARER.sub(rf"\1 {_MASK}", text)

    def of_fault(self, fault: Fault | None) -> Fault | None:
        """The same fault without secrets."""
        if fault is None:
            return None
        return msgspec.structs.replace(
            fault,
            summary=self(fault.summary),
            remedy=self(fault.remedy),
            kept=self(fault.kept),
            detail=self(fault.detail),
        )


def _as_xml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
