"""How reasons become chains: which observation explains which, and what the whole comes to."""

from collections.abc import Sequence

from console.health.levels import RANK, Chain, Health, HealthLevel, Kind, Reason

_K = Kind
# cause -> the observations it explains. The order is the order in which causes are looked for.
EXPLAINS: dict[Kind, frozenset[Kind]] = {
    _K.STANDS_STILL: frozenset({_K.GUEST_SILENT, _K.NOT_ONLINE, _K.AGENT_DISCONNECTED}),
    _K.VOLUME_OFFLINE: frozenset({_K.STANDS_STILL, _K.NOT_ONLINE, _K.GUEST_SILENT}),
    _K.VOLUME_UNREACHABLE: frozenset({_K.STANDS_STILL, _K.NOT_ONLINE, _K.GUEST_SILENT}),
    _K.VOLUME_FULL: frozenset(
        {_K.STANDS_STILL, _K.NOT_ONLINE, _K.AZURE_FAILED, _K.AZURE_NO_SPACE}
    ),
    _K.STORAGE_NETWORK_LOST: frozenset(
        {_K.VOLUME_OFFLINE, _K.VOLUME_UNREACHABLE, _K.VOLUME_SLOW, _K.STANDS_STILL}
    ),
    _K.NODE_LOST: frozenset(
        {
            _K.STORAGE_NETWORK_LOST, _K.VOLUME_OFFLINE, _K.VOLUME_UNREACHABLE, _K.STANDS_STILL,
            _K.GUEST_SILENT, _K.GUEST_STARTING, _K.GUEST_NOT_KNOWN, _K.POWER_NOT_KNOWN,
            _K.NOT_ONLINE, _K.AGENT_DISCONNECTED, _K.HEALTH_FAULT,
        }
    ),
    _K.KEY_MISSING: frozenset({_K.NOT_ONLINE}),
    _K.IGVM_AGENT: frozenset({_K.NOT_ONLINE}),
    _K.GUEST_SILENT: frozenset({_K.AGENT_DISCONNECTED}),
    # Not of a failure whose own words name another cause: Azure reached the cluster to learn it.
    _K.BRIDGE_OFFLINE: frozenset(
        {_K.AZURE_FAILED, _K.POWER_DISAGREES, _K.ONLY_ON_CLUSTER, _K.BEING_MADE}
    ),
    _K.CLUSTER_SILENT: frozenset({_K.NODE_SILENT}),
}  # fmt: skip
_ORDER = {kind: at for at, kind in enumerate(EXPLAINS)}


def health_of(
    reasons: Sequence[Reason], calm: HealthLevel = HealthLevel.HEALTHY, says: str = ""
) -> Health:
    """The worst symptom decides; without one it is ``calm`` and ``says`` so. Worst chain first."""
    if not reasons:
        return Health(calm, calm=says)
    # Only what is the matter with this one itself colours it; a cause may be worse in its place.
    own = [reason for reason in reasons if not reason.is_background]
    if not own:
        return Health(calm, calm=says)
    level = max((reason.level for reason in own), key=RANK.__getitem__, default=calm)
    if RANK[level] < RANK[calm]:
        level = calm
    return Health(level, tuple(_chains(reasons)), says)


def _chains(reasons: Sequence[Reason]) -> list[Chain]:
    # sorted() is stable: within a level they stay in the order of the rules.
    own = [reason for reason in reasons if not reason.is_background]
    # What only follows from something worse would draw the eye away from it.
    own = [reason for reason in own if not _only_follows(reason, own)]
    heads = sorted(
        (reason for reason in own if not _explains(reason, own)),
        key=lambda reason: -RANK[reason.level],
    )
    heads = heads or own[:1]
    told: set[int] = set()
    chains = []
    for head in heads:
        chain = [head]
        # Two symptoms may have one cause: each chain leads to it.
        while (cause := _cause_of(chain[-1], reasons)) is not None:
            chain.append(cause)
        chains.append(tuple(chain))
        told |= {id(reason) for reason in chain}
    # A second cause of the same symptom is told too, on its own.
    rest = (reason for reason in own if id(reason) not in told)
    return [*chains, *((reason,) for reason in rest)]


def _only_follows(reason: Reason, reasons: Sequence[Reason]) -> bool:
    return any(
        reason.kind in EXPLAINS.get(other.kind, ()) and RANK[other.level] > RANK[reason.level]
        for other in reasons
    )


def _explains(reason: Reason, reasons: Sequence[Reason]) -> bool:
    explained = EXPLAINS.get(reason.kind)
    return explained is not None and any(other.kind in explained for other in reasons)


def _cause_of(symptom: Reason, reasons: Sequence[Reason]) -> Reason | None:
    """The nearest cause: what it itself is explained by comes after it."""
    found = [reason for reason in reasons if symptom.kind in EXPLAINS.get(reason.kind, ())]
    return min(found, key=lambda reason: _ORDER[reason.kind], default=None)
