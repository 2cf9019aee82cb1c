"""Name and port over IPv6 as over IPv4; what is found is said, never guessed."""

import socket
from contextlib import closing

import pytest

from console.backends.endpoint_look import look
from console.model.connection import StepState


def has_ipv6() -> bool:
    try:
        with closing(socket.create_server(("::1", 0), family=socket.AF_INET6)):
            return True
    except OSError:
        return False


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 loopback here")
def test_an_ipv6_address_is_reached() -> None:
    with closing(socket.create_server(("::1", 0), family=socket.AF_INET6)) as server:
        found = look("N1", "::1", server.getsockname()[1], has_tls=False)
    assert [step.state for step in found.steps] == [StepState.PASSED, StepState.PASSED]
    assert "::1" in found.steps[0].text


def test_the_first_failure_leaves_the_rest_untried() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    found = look("N1", "127.0.0.1", port)
    states = [step.state for step in found.steps]
    assert states == [StepState.PASSED, StepState.FAILED, StepState.NOT_TRIED]
    assert not found.is_good
