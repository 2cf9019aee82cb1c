"""Defects of this cluster's release that Microsoft lists and that concern what is asked for."""

from console.catalog import is_within, load_known_issues
from console.checks.situation import Situation, note
from console.model.finding import Finding
from console.model.request import CleanUpCreation, CreateVirtualMachine, kind_of

ID = "known_issues"
TITLE = "No known issue concerns it"


def on_request(
    request: CreateVirtualMachine | CleanUpCreation, situation: Situation
) -> tuple[Finding, ...]:
    release = situation.inventory.cluster.release
    joins = request.spec.domain_join is not None
    return tuple(
        note(ID, f"Known issue of this release: {issue.title}.", issue.remedy, source=issue.source)
        for issue in load_known_issues()
        if issue.applies_to == kind_of(request)
        and (joins or issue.when != "domain_join")
        # Of a release that nobody knows nothing is claimed.
        and is_within(release, issue.from_release, issue.until_release)
    )
