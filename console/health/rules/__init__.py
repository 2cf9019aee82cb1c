"""The rules, by hand: one file a family, each from an observation to a ``Reason``.

A family has ``of_vm``, ``of_node``, ``of_volume`` or ``of_cluster``; what it lacks it leaves.
Their order is the order in which reasons of one level are told: symptoms before causes.
"""

from console.health.rules import (
    azure_machine,
    guest_heartbeat,
    guest_state_key,
    health_service,
    igvm_agent,
    migration_network,
    node_state,
    power_state,
    resource_bridge,
    security_as_asked,
    shared_volume,
    silence,
    storage_network,
    two_planes,
)

OF_VM = (
    power_state.of_vm,
    guest_heartbeat.of_vm,
    two_planes.of_vm,
    azure_machine.of_vm,
    guest_state_key.of_vm,
    security_as_asked.of_vm,
    shared_volume.of_vm,
    storage_network.of_vm,
    node_state.of_vm,
    silence.of_vm,
    igvm_agent.of_vm,
    resource_bridge.of_vm,
)
OF_NODE = (
    silence.of_node,
    node_state.of_node,
    storage_network.of_node,
    igvm_agent.of_node,
    migration_network.of_node,
    health_service.of_node,
)
OF_VOLUME = (shared_volume.of_volume,)
OF_CLUSTER = (resource_bridge.of_cluster, health_service.of_cluster)
