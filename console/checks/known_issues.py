"""Defects of this cluster's release that Microsoft lists and that concern what is asked for."""

import functools

from console.catalog import KnownIssue, is_within, load_known_issues, release_number
from console.checks.moving_vms import MovingVms
from console.checks.situation import Situation, note
from console.model.finding import Finding
from console.model.node import Node
from console.model.request import CleanUpCreation, CreateVirtualMachine, kind_of

ID = "known_issues"
TITLE = "No known issue concerns it"


def on_group(moving: MovingVms, node: Node, situation: Situation) -> tuple[Finding, ...]:
    """What is known of live migration on this release, if one of them moves to another node."""
    if not moving.go_to(node.name):
        return ()
    cluster = situation.inventory.cluster
    if release_number(cluster.release) is None or not cluster.os_build:
        text = "The cluster's release or build is not known, so its known issues are not either."
        return (note(ID, text, "Refresh; look at Get-SolutionUpdateEnvironment on a node."),)
    return _of_moves(cluster.release, cluster.os_build, moving.have_dynamic_memory)


def on_request(
    request: CreateVirtualMachine | CleanUpCreation, situation: Situation
) -> tuple[Finding, ...]:
    release = situation.inventory.cluster.release
    joins = request.spec.domain_join is not None
    return tuple(
        _told(issue)
        for issue in load_known_issues()
        if issue.applies_to == kind_of(request)
        and (joins or issue.when != "domain_join")
        # Of a release that nobody knows nothing is claimed.
        and is_within(release, issue.from_release, issue.until_release)
    )


@functools.cache
def _of_moves(release: str, os_build: str, have_dynamic_memory: bool) -> tuple[Finding, ...]:
    return tuple(
        _told(issue)
        for issue in load_known_issues()
        if issue.applies_to == "live_migrate"
        and issue.when != "switch_missing"
        and (have_dynamic_memory or issue.when != "dynamic_memory")
        and os_build.startswith(issue.os_build)
        and is_within(release, issue.from_release, issue.until_release)
    )


def _told(issue: KnownIssue) -> Finding:
    text = f"Known issue of this release: {issue.title}."
    return note(ID, text, issue.remedy, source=issue.source)
