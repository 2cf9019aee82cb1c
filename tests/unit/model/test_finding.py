"""The worst finding decides, and what is not known is never fine."""

from hypothesis import given
from hypothesis import strategies as st

from console.model.finding import Finding, Severity, Verdict, verdict_of

FINDINGS = st.lists(st.sampled_from(Severity).map(lambda s: Finding("c", s, "t"))).map(tuple)
ORDER = list(Severity)


@given(FINDINGS)
def test_the_worst_finding_decides(findings: tuple[Finding, ...]) -> None:
    worst = max((ORDER.index(f.severity) for f in findings), default=0)
    assert verdict_of(findings) is list(Verdict)[worst]


@given(FINDINGS)
def test_something_unknown_never_fits(findings: tuple[Finding, ...]) -> None:
    unknown = Finding("c", Severity.UNKNOWN, "t")
    assert verdict_of((*findings, unknown)) in (Verdict.UNKNOWN, Verdict.CANNOT)


def test_nothing_against_it_fits() -> None:
    assert verdict_of(()) is Verdict.FITS
