"""Secure Boot and vTPM are both asked for: else the platform makes no Trusted launch VM."""

from console.checks.situation import Situation, blocks
from console.model.finding import Finding
from console.model.request import CreateVirtualMachine

ID = "trusted_launch_is_complete"
TITLE = "Trusted launch is asked for completely"
_SOURCE = "ARM types: securityType needs enableTPM and secureBootEnabled both true"


def on_request(request: CreateVirtualMachine, situation: Situation) -> tuple[Finding, ...]:
    off = [
        name
        for name, is_on in (
            ("Secure Boot", request.spec.secure_boot),
            ("vTPM", request.spec.vtpm),
        )
        if not is_on
    ]
    if not off:
        return ()
    text = f"Trusted launch needs {' and '.join(off)} on."
    return (blocks(ID, text, "Switch it on.", field="security", source=_SOURCE),)
