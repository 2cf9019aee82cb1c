"""Acts on ARM over a real socket: sent once, looked at first, told in words."""

import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from console.backends import BackendError, JobState
from console.backends.azure_local import arm_bodies, arm_paths
from console.backends.azure_local.arm_acts import ArmActs
from console.backends.azure_local.arm_pipeline import ArmPipeline
from console.backends.azure_local.connections import ArmConnection, StaticToken
from console.model.freshness import FaultCode
from console.model.request import PowerAction
from tests.unit.backends.scripted_arm import Asked, Reply, ScriptedArm
from tests.unit.backends.test_arm_bodies import SECRETS, SPEC

MACHINE = arm_paths.machine_id(SPEC)
MISSING = Reply(404, {"error": {"code": "ResourceNotFound", "message": "no"}})


@pytest.fixture
def arm(tmp_path: Path) -> Iterator[ScriptedArm]:
    server = ScriptedArm(tmp_path)
    yield server
    server.stop()


@pytest.fixture
async def acts(arm: ScriptedArm) -> AsyncIterator[ArmActs]:
    connection = ArmConnection(arm.url, StaticToken("canary-token"), ca_file=str(arm.ca_file))
    pipeline = ArmPipeline(connection)
    yield ArmActs(pipeline)
    await pipeline.close()


def sent(arm: ScriptedArm, *methods: str) -> list[Asked]:
    return [asked for asked in arm.asked if asked.method in methods]


def answering(act: Reply, get: Reply = MISSING) -> Any:
    return lambda asked: get if asked.method == "GET" else act


async def put(acts: ArmActs) -> Any:
    return await acts.put_instance(MACHINE, arm_bodies.vm_instance(SPEC, SECRETS), "op-1")


async def test_the_trusted_launch_body_arrives_as_it_was_built(
    arm: ScriptedArm, acts: ArmActs
) -> None:
    status_url = f"{arm.url}/op/1"
    arm.answer = answering(Reply(201, {}, {"Azure-AsyncOperation": status_url, "Retry-After": "1"}))
    job = await put(acts)
    (asked,) = sent(arm, "PUT")
    assert asked.body == arm_bodies.vm_instance(SPEC, SECRETS)
    assert "/providers/Microsoft.AzureStackHCI/virtualMachineInstances/default" in asked.path
    assert "api-version=2025-06-01-preview" in asked.path
    assert asked.authorization == "Bearer canary-token"
    assert status_url in job.token
    assert "canary" not in job.token


@pytest.mark.parametrize(
    ("reply", "code", "was_sent"),
    [
        (Reply(400, {"error": {"code": "Bad", "message": "no"}}), FaultCode.REJECTED, False),
        (Reply(401), FaultCode.WRONG_CREDENTIALS, False),
        (Reply(403), FaultCode.FORBIDDEN, False),
        (Reply(409, {"error": {"code": "MissingSubscriptionRegistration", "message": "x"}}),
         FaultCode.CONFLICT, False),
        (Reply(429, None, {"Retry-After": "86400"}), FaultCode.THROTTLED, False),
        (Reply(500), FaultCode.SERVER_ERROR, True),
        (Reply(503, None, {"Retry-After": "1"}), FaultCode.SERVER_ERROR, True),
        (Reply(cut=True), FaultCode.LOST, True),
    ],
)  # fmt: skip
async def test_whatever_comes_back_it_is_sent_once(
    arm: ScriptedArm, acts: ArmActs, reply: Reply, code: FaultCode, was_sent: bool
) -> None:
    arm.answer = answering(reply)
    with pytest.raises(BackendError) as raised:
        await put(acts)
    assert (raised.value.fault.code, raised.value.was_sent) == (code, was_sent)
    assert len(sent(arm, "PUT", "POST")) == 1
    assert "canary" not in repr(raised.value.fault)


async def test_nothing_listening_was_surely_not_sent(arm: ScriptedArm, acts: ArmActs) -> None:
    arm.stop()
    try:
        with pytest.raises(BackendError) as raised:
            await acts.power(MACHINE, PowerAction.STOP)
    finally:
        arm._thread.join()
    assert raised.value.fault.code is FaultCode.REFUSED
    assert not raised.value.was_sent


async def test_somebody_elses_resource_of_that_name_is_left_alone(
    arm: ScriptedArm, acts: ArmActs
) -> None:
    found = {"id": MACHINE, "tags": {"owner": "bob"}, "properties": {}}
    arm.answer = answering(Reply(201, {}), Reply(200, found))
    with pytest.raises(BackendError) as raised:
        await acts.put_machine(MACHINE, arm_bodies.machine(SPEC, "op-1"), "op-1")
    assert raised.value.fault.code is FaultCode.CONFLICT
    assert sent(arm, "PUT") == []


async def test_our_own_half_built_thing_may_be_put_again(arm: ScriptedArm, acts: ArmActs) -> None:
    found = {"id": MACHINE, "tags": {arm_bodies.OPERATION_TAG: "op-1"}, "properties": {}}
    arm.answer = answering(Reply(200, {**found, "name": "vm1"}), Reply(200, found))
    job = await acts.put_machine(MACHINE, arm_bodies.machine(SPEC, "op-1"), "op-1")
    assert (await job.poll()).state is JobState.SUCCEEDED
    (asked,) = sent(arm, "PUT")
    assert asked.body["kind"] == "HCI"


@pytest.mark.parametrize("action", list(PowerAction))
async def test_power_is_a_post_to_the_instance(
    arm: ScriptedArm, acts: ArmActs, action: PowerAction
) -> None:
    arm.answer = answering(Reply(202, None, {"Location": f"{arm.url}/op/2"}))
    job = await acts.power(MACHINE, action)
    (asked,) = sent(arm, "POST")
    assert asked.path.split("?")[0].endswith(f"virtualMachineInstances/default/{action}")
    arm.answer = lambda asked: Reply(204)
    assert (await job.poll()).state is JobState.SUCCEEDED


async def test_deleting_what_is_not_there_is_done(arm: ScriptedArm, acts: ArmActs) -> None:
    arm.answer = lambda asked: Reply(204)
    job = await acts.delete(arm_paths.instance_id(MACHINE), then_delete=MACHINE)
    assert (await job.poll()).state is JobState.RUNNING
    assert (await job.poll()).state is JobState.SUCCEEDED
    deleted = [asked.path.split("?")[0] for asked in sent(arm, "DELETE")]
    assert deleted == [arm_paths.instance_id(MACHINE), MACHINE]


async def test_some_kinds_are_never_deleted(arm: ScriptedArm, acts: ArmActs) -> None:
    with pytest.raises(BackendError):
        await acts.delete(SPEC.custom_location_id)
    assert arm.asked == []


async def test_a_status_url_elsewhere_never_sees_the_token(
    arm: ScriptedArm, acts: ArmActs, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    thief = ScriptedArm(tmp_path / "other")
    try:
        foreign = {"Azure-AsyncOperation": f"{thief.url}/op/1"}
        arm.answer = answering(Reply(201, {}, foreign))
        job = await put(acts)
        with pytest.raises(BackendError) as raised:
            await job.poll()
        assert raised.value.fault.code is FaultCode.FOREIGN_HOST
        with pytest.raises(BackendError) as raised:
            acts.resume(job.token)
        assert raised.value.fault.code is FaultCode.FOREIGN_HOST
        assert thief.asked == []
    finally:
        thief.stop()


@pytest.mark.parametrize("token", ["", "{}", "gAN9cQA=", '{"type":"other"}'])
def test_a_token_that_is_not_ours(acts: ArmActs, token: str) -> None:
    with pytest.raises(BackendError) as raised:
        acts.resume(token)
    assert raised.value.fault.code is FaultCode.MALFORMED


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_whatever_was_asked(
    arm: ScriptedArm, acts: ArmActs, tmp_path: Path, status: int
) -> None:
    """A foreign server that even has a certificate we trust: it hears nothing at all."""
    (tmp_path / "foreign").mkdir()
    foreign = ScriptedArm(tmp_path / "foreign")
    arm.ca_file.write_bytes(arm.ca_file.read_bytes() + foreign.ca_file.read_bytes())
    away = Reply(status, None, {"Location": f"{foreign.url}/stolen"})
    arm.answer = lambda asked: away
    with pytest.raises(BackendError):
        await acts.find(MACHINE)
    with pytest.raises(BackendError):
        await put(acts)
    arm.answer = answering(away)
    with pytest.raises(BackendError):
        await put(acts)
    with pytest.raises(BackendError):
        await acts.power(MACHINE, PowerAction.STOP)
    foreign.stop()
    assert foreign.asked == []
    assert all(asked.authorization == "Bearer canary-token" for asked in arm.asked)
    assert {asked.method for asked in arm.asked} >= {"GET", "PUT", "POST"}


async def test_a_connection_cut_in_its_handshake_says_nothing_of_a_certificate(
    arm: ScriptedArm,
) -> None:
    """Else a network gone for a moment is told as a wrong CA file, and never tried again."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def cut() -> None:
            with contextlib.suppress(OSError):
                while True:
                    taken, _ = listener.accept()
                    taken.recv(10)
                    taken.close()

        threading.Thread(target=cut, daemon=True).start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        pipeline = ArmPipeline(ArmConnection(url, StaticToken("t"), ca_file=str(arm.ca_file)))
        with pytest.raises(BackendError) as raised:
            await pipeline.get("/subscriptions", "Read")
        await pipeline.close()
        assert raised.value.fault.code is FaultCode.UNREACHABLE
        assert not raised.value.was_sent
        listener.shutdown(socket.SHUT_RDWR)
