"""Tries a cluster's nodes one step at a time, and says of the first that fails what is missing.

Name, port, certificate, sign-in and endpoint, node module, rights, and what the endpoint's own
identity may do on other nodes. Reads only.
"""

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec

from console.backends import BackendError, endpoint_look
from console.backends.azure_local.connections import ClusterConnection
from console.backends.azure_local.node_catalogue import module_version
from console.backends.azure_local.node_session import NodeRefusal, PypsrpNodeSession
from console.model.connection import StepState, TestStep
from console.model.freshness import FaultCode, cut

Tell = Callable[[TestStep], None]
_PATIENCE_S = 30.0
_LATER = ("Sign-in and endpoint", "Node module", "Rights", "Other nodes")


class _Check(msgspec.Struct, rename="camel"):
    name: str
    is_ok: bool | None
    text: str


class _Endpoint(msgspec.Struct, rename="camel"):
    module_version: str
    account: str
    checks: tuple[_Check, ...]


class _Answer(msgspec.Struct):
    node: str
    data: _Endpoint


_ANSWER = msgspec.json.Decoder(_Answer)


async def test_cluster(connection: ClusterConnection, tell: Tell) -> None:
    """Every node at once; each node's steps are told in order."""
    for step in _of_the_profile(connection):
        tell(step)
    await asyncio.gather(*(_test_node(node, connection, tell) for node in connection.nodes))


def _of_the_profile(connection: ClusterConnection) -> list[TestStep]:
    """What the profile itself chose and a person should know."""
    found = []
    if not connection.use_tls:
        found.append(
            TestStep(
                "Profile", "Transport", StepState.NOTE,
                "HTTP (5985): every message is sealed by Kerberos or NTLM, and the node proves "
                "itself by Kerberos only; there is no certificate.",
                "HTTPS (5986) is better where the nodes have certificates.",
            )
        )  # fmt: skip
    if connection.auth == "negotiate":
        found.append(
            TestStep(
                "Profile", "NTLM", StepState.NOTE,
                "This profile allows NTLM where Kerberos does not work.",
                "Prefer Kerberos: full node names, a domain account, and a clock that is right.",
            )
        )  # fmt: skip
    return found


async def _test_node(node: str, connection: ClusterConnection, tell: Tell) -> None:
    address = urlsplit(f"//{connection.nodes[node]}")
    port = address.port or (5986 if connection.use_tls else 5985)
    looked = await asyncio.to_thread(
        endpoint_look.look, node, address.hostname or "", port, connection.ca_file,
        has_tls=connection.use_tls,
    )  # fmt: skip
    for step in looked.steps:
        tell(step)
    if not looked.is_good:
        _leave_out(node, _LATER, tell)
        return
    session = PypsrpNodeSession(node, connection)
    try:
        text = await session.run("Test-TlcEndpoint", {}, patience=_PATIENCE_S)
        answer = _ANSWER.decode(text)
    except BackendError as error:
        if error.fault.code is FaultCode.MISSING_FUNCTION:
            _module_missing(node, error, tell)
        else:
            tell(_why_not_in(node, connection, error))
            _leave_out(node, _LATER[1:], tell)
        return
    except (NodeRefusal, msgspec.MsgspecError, ValueError) as error:
        tell(_let_in(node, connection, ""))
        tell(
            TestStep(
                node, "Node module", StepState.FAILED,
                "The node module's self-test did not answer as it should.",
                f"Install the node module {module_version()} of this console.",
                cut(str(error), 300),
            )
        )  # fmt: skip
        _leave_out(node, _LATER[2:], tell)
        return
    finally:
        session.close()
    _tell_answer(node, connection, answer.data, tell, is_brought=session.brings_module)


def _leave_out(node: str, titles: tuple[str, ...], tell: Tell) -> None:
    for title in titles:
        tell(endpoint_look.not_tried(node, title))


def _let_in(node: str, connection: ClusterConnection, account: str) -> TestStep:
    who = connection.username or "the signed-in user"
    acts_as = f" It acts as {account}." if account else ""
    return TestStep(
        node, _LATER[0], StepState.PASSED,
        f"{connection.configuration_name} let {who} in.{acts_as}",
    )  # fmt: skip


def _why_not_in(node: str, connection: ClusterConnection, error: BackendError) -> TestStep:
    fault, endpoint = error.fault, connection.configuration_name
    text, remedy = fault.summary, fault.remedy
    if fault.code is FaultCode.WRONG_CREDENTIALS and connection.auth == "kerberos":
        text = f"{node} did not accept the Kerberos sign-in."
        remedy = (
            "Look at user and password, the full node name (its SPN), the clock, and whether this "
            "computer has a ticket (klist)."
        )
        if "ImportError" in fault.detail:
            text = "This computer's console has no Kerberos."
            remedy = (
                "Install it (pip install 'trusted-launch-console[kerberos]', needs the system's "
                "Kerberos libraries), or allow NTLM in the profile."
            )
        elif "clock skew" in fault.detail.lower():
            text = f"The clocks of this computer and of {node}'s domain are too far apart."
            remedy = "Set this computer's clock by the domain's time; five minutes are too much."
    elif fault.code is FaultCode.FORBIDDEN:
        text = f"This account may not use the endpoint {endpoint} on {node}."
        remedy = (
            "Ask the cluster's administrator to add it to one of the endpoint's role groups "
            "(reader, operator or administrator)."
        )
    elif fault.code in (FaultCode.SERVER_ERROR, FaultCode.NOT_FOUND) and (
        "was not found in the WS-Management catalog" in fault.detail
    ):
        text = f"{node} has no endpoint named {endpoint}."
        remedy = (
            "Install it with Install-TlcEndpoint.ps1 of the kit, or name another endpoint in the "
            "profile (Microsoft.PowerShell needs a full administrator)."
        )
    return TestStep(node, _LATER[0], StepState.FAILED, text, remedy, fault.detail)


def _module_missing(node: str, error: BackendError, tell: Tell) -> None:
    tell(TestStep(node, _LATER[0], StepState.PASSED, "The endpoint let the account in."))
    tell(
        TestStep(
            node, _LATER[1], StepState.FAILED,
            "The endpoint does not know the console's functions.",
            f"Install the node module {module_version()} (Install-TlcEndpoint.ps1 of the kit).",
            error.fault.detail,
        )
    )  # fmt: skip
    _leave_out(node, _LATER[2:], tell)


def _tell_answer(
    node: str, connection: ClusterConnection, found: _Endpoint, tell: Tell, *, is_brought: bool
) -> None:
    tell(_let_in(node, connection, found.account))
    if is_brought:
        tell(
            TestStep(
                node, _LATER[1], StepState.NOTE,
                "Not installed: the console brings its text with every command, as this is a full "
                "administrator's endpoint.",
                "Least privilege: install the endpoint with the JEA kit and name it here.",
            )
        )  # fmt: skip
        _tell_rights(node, found, tell)
        return
    is_same = found.module_version == module_version()
    tell(
        TestStep(
            node, _LATER[1], StepState.PASSED if is_same else StepState.FAILED,
            f"Version {cut(found.module_version, 40)}."
            + ("" if is_same else f" This console needs {module_version()}."),
            "" if is_same else "Install the node module that came with this console.",
        )
    )  # fmt: skip
    _tell_rights(node, found, tell)


def _tell_rights(node: str, found: _Endpoint, tell: Tell) -> None:
    lacking = [check for check in found.checks if check.is_ok is False]
    unknown = [check for check in found.checks if check.is_ok is None]
    tell(_rights(node, lacking, unknown))
    tell(_other_nodes(node, found.account))


def _rights(node: str, lacking: list[_Check], unknown: list[_Check]) -> TestStep:
    if lacking:
        names = ", ".join(cut(check.name, 60) for check in lacking[:6])
        detail = "; ".join(f"{check.name}: {cut(check.text, 120)}" for check in lacking[:6])
        return TestStep(
            node, _LATER[2], StepState.FAILED,
            f"The endpoint's own identity lacks: {names}.",
            "Give the endpoint's account full access to the cluster and local administration of "
            "its nodes (kit: README), and look at the named service.",
            detail,
        )  # fmt: skip
    if unknown:
        names = ", ".join(cut(check.name, 60) for check in unknown[:6])
        return TestStep(node, _LATER[2], StepState.NOTE, f"Not established: {names}.")
    return TestStep(node, _LATER[2], StepState.PASSED, "The self-test found nothing missing.")


def _other_nodes(node: str, account: str) -> TestStep:
    """Whether the endpoint's identity is one that other nodes can know (the second hop)."""
    name = account.lower()
    if "virtual users" in name:
        return TestStep(
            node, _LATER[3], StepState.NOTE,
            "The endpoint runs as a virtual account: other nodes see this node's computer account, "
            "so live migrations are likely refused (second hop).",
            "For moves run the endpoint as a group managed service account (kit: README).",
        )  # fmt: skip
    if name.endswith("$"):
        return TestStep(
            node, _LATER[3], StepState.PASSED,
            "The endpoint runs as a managed service account with an identity of its own. "
            "That moves work with it is not verified on a real cluster.",
        )  # fmt: skip
    return TestStep(
        node, _LATER[3], StepState.NOTE,
        "Whether the endpoint's identity reaches other nodes cannot be seen from here "
        "(an account's own session may not: second hop).",
        "The first live migration shows it; it fails with Access denied if not.",
    )  # fmt: skip
