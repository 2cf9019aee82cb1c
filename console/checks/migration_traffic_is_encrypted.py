"""Whether live-migration traffic is encrypted: said whenever memory will travel, never left out."""

from console.checks.situation import Situation, note
from console.model.finding import Finding, Severity
from console.model.node import Node

ID = "migration_traffic_is_encrypted"
TITLE = "Live-migration traffic is protected"
_SOURCE = "Trusted launch overview: live-migration traffic is not encrypted, use IPsec"


def on_node(node: Node, situation: Situation) -> tuple[Finding, ...]:
    is_encrypted = situation.inventory.cluster.migration_encrypted
    if is_encrypted:
        return (Finding(ID, Severity.FINE, "Live-migration traffic is encrypted."),)
    known = "is not encrypted" if is_encrypted is False else "may not be encrypted (not known)"
    text = f"Live-migration traffic {known}."
    remedy = "Protect the migration network with IPsec."
    return (note(ID, text, remedy, source=_SOURCE),)
