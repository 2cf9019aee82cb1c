"""WHY IS IT RED. Rules from observation to cause, no I/O.

``assess_vm`` and its siblings answer with a level and chains of reasons from symptom to cause;
``Surroundings`` is what they are judged by beside themselves, made once for a whole cluster.
Unknown is a level of its own and never looks healthy; a VM stopped on purpose is neutral.
"""

import importlib
from typing import TYPE_CHECKING

from console.health.levels import Chain, Confidence, Health, HealthLevel, Kind, Owner, Reason

if TYPE_CHECKING:
    from console.health.assess import assess_cluster, assess_node, assess_vm, assess_volume
    from console.health.assurance import assurances, node_assurances
    from console.health.surroundings import Surroundings

__all__ = [
    "Chain",
    "Confidence",
    "Health",
    "HealthLevel",
    "Kind",
    "Owner",
    "Reason",
    "Surroundings",
    "assess_cluster",
    "assess_node",
    "assess_vm",
    "assess_volume",
    "assurances",
    "node_assurances",
]

# The rules are imported when first asked for: levels are drawn long before anything is judged.
_HOMES = {
    "Surroundings": "surroundings",
    "assess_cluster": "assess",
    "assess_node": "assess",
    "assess_vm": "assess",
    "assess_volume": "assess",
    "assurances": "assurance",
    "node_assurances": "assurance",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(name)
    found = getattr(importlib.import_module(f"console.health.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
