"""The doctor's report: what it finds, when it fails, and that it tells no secret."""

import msgspec
import pytest

from console.app import profile_of_lab
from console.lab.serve import running_lab
from console.model.connection import ArmEndpoint, StepState
from console.worker import doctor

S = StepState


def same(arm: ArmEndpoint) -> ArmEndpoint:
    return arm


def told(**lab: str) -> tuple[int, str]:
    lines: list[str] = []
    with running_lab("small", **lab) as (_, endpoints):
        profile, secrets = profile_of_lab(endpoints)
        code = doctor.run(doctor.Ground((profile,), same, lambda: "nothing keeps"), lines.append)
    text = "\n".join(lines)
    assert not [secret for secret in secrets.values() if secret in text]
    return code, text


def test_a_healthy_connection_fails_nowhere() -> None:
    code, text = told()
    assert code == 0, text
    for word in ("Python", "pypsrp", "Keyring", "Clock: ", "LAB-N4", "Nothing failed."):
        assert word in text
    assert "Trusted, TLSv1" in text
    assert "nothing keeps" in text


def test_a_certificate_that_is_wrong_fails_and_says_why() -> None:
    code, text = told(tls_defect="expired")
    assert code == 1
    assert "The certificate expired on" in text
    assert "Have it renewed" in text


@pytest.mark.parametrize(
    ("skew", "state"), [(0, S.PASSED), (29, S.PASSED), (-45, S.NOTE), (4000, S.FAILED)]
)
def test_clocks_that_are_apart_are_told(skew: float, state: StepState) -> None:
    assert doctor.clock_step("x", skew).state is state


def test_who_signs_in_at_a_proxy_is_not_told() -> None:
    found = list(
        doctor._proxies(
            {"HTTPS_PROXY": "http://grace:canary@proxy.example:8080", "NO_PROXY": "localhost"},
            {"http": "http://other:canary@system.example:3128"},
        )
    )
    text = msgspec.json.encode(found).decode()
    assert "canary" not in text
    assert "grace" not in text
    assert "proxy.example:8080" in text
    assert "system.example:3128" in text
