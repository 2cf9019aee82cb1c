"""What the cluster itself wants of where VMs are: rules, and its own balancing."""

import enum

import msgspec


class AffinityKind(enum.StrEnum):
    """Rule types of failover clustering (Get-ClusterAffinityRule)."""

    SAME_NODE = "SameNode"
    SAME_FAULT_DOMAIN = "SameFaultDomain"
    DIFFERENT_NODE = "DifferentNode"
    DIFFERENT_FAULT_DOMAIN = "DifferentFaultDomain"
    UNKNOWN = "Unknown"


class AffinityRule(msgspec.Struct, frozen=True, gc=False):
    """Keeps groups together or apart; ``groups`` are names of cluster groups, not of VMs."""

    name: str
    kind: AffinityKind
    groups: tuple[str, ...] = ()
    is_enabled: bool = True


class BalancingMode(enum.StrEnum):
    """When the cluster moves VMs by itself (AutoBalancerMode)."""

    OFF = "Off"
    ON_JOIN = "OnJoin"  # when a node joins
    ALWAYS = "Always"  # when a node joins, and every 30 minutes
    UNKNOWN = "Unknown"
