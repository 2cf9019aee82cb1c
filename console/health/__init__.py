"""WHY IS IT RED. Rules from observation to cause, no I/O.

``assess_vm`` and ``assess_node`` answer with a level and the reasons from symptom to cause.
Unknown is a level of its own and never looks healthy; a VM stopped on purpose is neutral.
"""

from console.health.levels import Health, HealthLevel, Reason
from console.health.nodes import assess_node
from console.health.virtual_machines import assess_vm

__all__ = ["Health", "HealthLevel", "Reason", "assess_node", "assess_vm"]
