"""Secrets of this session, struck out of every text that is logged or journalled."""

import json
import re
import urllib.parse
from collections.abc import Iterable

import msgspec

from console.model.freshness import CUT, Fault

_MASK = "•••"
# Shorter ones would strike out parts of ordinary words.
_LEAST_LENGTH = 4
# A piece of a secret before the sign of a cut; shorter ones tell nothing.
_LEAST_CUT = 2
# A secret's beginning that somebody else cut, without a sign: half of it, and not too short.
_LEAST_PART = 8
_BEARER = re.compile(r"(?i)\b(bearer|basic|negotiate)\s+[A-Za-z0-9._~+/=-]{8,}")


class Redaction:
    """Learns secrets as they arrive; one for the whole worker."""

    def __init__(self) -> None:
        self._secrets: tuple[str, ...] = ()

    def learn(self, secrets: Iterable[str]) -> None:
        """Strike these out from now on, as they are and as JSON, XML and URLs write them."""
        known = set(self._secrets)
        for secret in secrets:
            if len(secret) >= _LEAST_LENGTH:
                known.update(_forms(secret))
        # Longest first, so that one that contains another goes whole.
        self._secrets = tuple(sorted(known, key=len, reverse=True))

    def __call__(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, _MASK)
        for secret in self._secrets:
            text = _without_parts(text, secret)
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


def _forms(secret: str) -> set[str]:
    """As others write it: JSON twice over is a body quoted in the text of another."""
    once = {json.dumps(secret, ensure_ascii=is_ascii)[1:-1] for is_ascii in (True, False)}
    twice = {json.dumps(form, ensure_ascii=False)[1:-1] for form in once}
    in_url = {urllib.parse.quote(secret), urllib.parse.quote(secret, safe="")}
    return {
        secret,
        *once,
        *twice,
        *in_url,
        urllib.parse.quote_plus(secret),
        _as_xml(secret),
        repr(secret)[1:-1],
    }


def _without_parts(text: str, secret: str) -> str:
    """A text that was cut in the middle of a secret still holds its beginning."""
    least = max(_LEAST_PART, len(secret) // 2)
    if secret[:least] in text:
        for length in range(len(secret) - 1, least - 1, -1):
            text = text.replace(secret[:length], _MASK)
    if CUT in text:
        for length in range(min(least, len(secret) - 1), _LEAST_CUT - 1, -1):
            text = text.replace(secret[:length] + CUT, _MASK + CUT)
    return text


def _as_xml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
