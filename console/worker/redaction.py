"""Secrets of this session, struck out of every text that is logged or journalled."""

import json
import re
import urllib.parse
from collections.abc import Iterable

import msgspec

from console.model.finding import Finding
from console.model.freshness import CUT, Fault, WireReading
from console.model.snapshot import ClusterSnapshot
from console.model.virtual_machine import VirtualMachine

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
        """The text without secrets, and without half letters, which nothing can write down."""
        text = _whole_letters(text)
        for secret in self._secrets:
            text = text.replace(secret, _MASK)
        for secret in self._secrets:
            text = _without_parts(text, secret)
        return _BEARER.sub(rf"\1 {_MASK}", text)

    def of_findings(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """The same findings without secrets: a check may quote what a server said."""
        return tuple(
            msgspec.structs.replace(
                finding,
                text=self(finding.text),
                remedy=self(finding.remedy),
                evidence=self(finding.evidence),
            )
            for finding in findings
        )

    def of_snapshot(self, snapshot: ClusterSnapshot) -> ClusterSnapshot:
        """The same snapshot without secrets in what servers said; what held none is not copied."""
        vms = snapshot.vms
        if any(vm.azure is not None and vm.azure.error_message for vm in vms):
            vms = tuple(self._of_vm(vm) for vm in vms)
        return msgspec.structs.replace(
            snapshot,
            vms=vms,
            arm=self._of_reading(snapshot.arm),
            cluster_wire=self._of_reading(snapshot.cluster_wire),
        )

    def _of_vm(self, vm: VirtualMachine) -> VirtualMachine:
        if vm.azure is None or not vm.azure.error_message:
            return vm
        told = self(vm.azure.error_message)
        if told == vm.azure.error_message:
            return vm
        azure = msgspec.structs.replace(vm.azure, error_message=told)
        return msgspec.structs.replace(vm, azure=azure)

    def _of_reading(self, reading: WireReading) -> WireReading:
        if not reading.faults:
            return reading
        faults = tuple(fault for fault in map(self.of_fault, reading.faults) if fault is not None)
        return msgspec.structs.replace(reading, faults=faults)

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


def _whole_letters(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text


def _as_xml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
