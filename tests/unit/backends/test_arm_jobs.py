"""ARM jobs on scripted answers: what each answer means, and where a token may not go."""

import json
from typing import Any

import pytest

from console.backends import BackendError, JobState
from console.backends.azure_local.arm_jobs import (
    ArmJob,
    JobKind,
    JobToken,
    clamp,
    token_of_answer,
)
from console.backends.azure_local.connections import ArmConnection, StaticToken
from console.model.freshness import FaultCode

URL = "https://127.0.0.1:4443"
STATUS = f"{URL}/subscriptions/s/operations/1?api-version=x"
DISK = "/subscriptions/s/resourceGroups/g/providers/Microsoft.AzureStackHCI/virtualHardDisks/d"


class Answer:
    def __init__(self, status: int, body: Any = None, **headers: str) -> None:
        self.status_code = status
        self.content = b"" if body is None else json.dumps(body).encode()
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Pipeline:
    """Answers in order; keeps what was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.connection = ArmConnection(URL, StaticToken("canary"))
        self.answers = list(answers)
        self.asked: list[str] = []

    async def request(self, method: str, url: str, what: str, **options: Any) -> Answer:
        self.asked.append(url)
        return self.answers.pop(0)


async def no_delete(arm_id: str) -> ArmJob:
    raise AssertionError(arm_id)


def job(pipeline: Pipeline, **token: Any) -> ArmJob:
    parts = {"kind": JobKind.PUT, "resource_id": DISK, "status_url": STATUS, **token}
    return ArmJob(pipeline, JobToken(**parts), no_delete)  # type: ignore[arg-type]


def resource(state: str, **status: Any) -> Answer:
    return Answer(200, {"id": DISK, "properties": {"provisioningState": state, "status": status}})


async def test_running_tells_percent_and_the_wish_for_the_next_look() -> None:
    pipeline = Pipeline(
        Answer(200, {"status": "InProgress", "percentComplete": 40}, Retry_After="7")
    )
    report = await job(pipeline).poll()
    assert (report.state, report.fraction, report.poll_after_s) == (JobState.RUNNING, 0.4, 7.0)
    assert pipeline.asked == [STATUS]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 1.0), ("-5", 1.0), ("86400", 300.0), ("inf", 300.0), ("nan", None),
        ("soon", None), ("", None), (None, None), ("2.5", 2.5),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None),
    ],
)  # fmt: skip
def test_retry_after_is_a_wish_within_bounds(header: str | None, seconds: float | None) -> None:
    assert clamp(header) == seconds


async def test_succeeded_counts_only_when_the_resource_says_so_too() -> None:
    pipeline = Pipeline(
        Answer(200, {"status": "Succeeded"}), resource("Failed", errorMessage="no room")
    )
    following = job(pipeline)
    assert (await following.poll()).state is JobState.RUNNING
    report = await following.poll()
    assert report.state is JobState.FAILED
    assert report.fault is not None
    assert report.fault.summary == "no room"


async def test_failure_carries_azures_words() -> None:
    body = {"status": "Failed", "error": {"code": "Quota", "message": "Too many cores."}}
    report = await job(Pipeline(Answer(200, body))).poll()
    assert report.state is JobState.FAILED
    assert report.fault is not None
    assert (report.fault.summary, report.fault.detail) == ("Too many cores.", "Quota")


async def test_a_status_url_that_was_known_and_vanished_leads_to_the_resource() -> None:
    pipeline = Pipeline(Answer(200, {"status": "InProgress"}), Answer(404), resource("Succeeded"))
    following = job(pipeline)
    await following.poll()
    assert (await following.poll()).state is JobState.SUCCEEDED
    assert DISK in pipeline.asked[-1]


async def test_a_status_url_not_known_in_the_first_moments_is_asked_again() -> None:
    pipeline = Pipeline(Answer(404), Answer(404), Answer(200, {"status": "Canceled"}))
    following = job(pipeline)
    states = [(await following.poll()).state for _ in range(3)]
    assert states == [JobState.RUNNING, JobState.RUNNING, JobState.CANCELED]


@pytest.mark.parametrize(
    ("kind", "state"), [(JobKind.PUT, JobState.GONE), (JobKind.DELETE, JobState.SUCCEEDED)]
)
async def test_gone_with_its_resource(kind: JobKind, state: JobState) -> None:
    report = await job(Pipeline(Answer(410), Answer(404)), kind=kind).poll()
    assert report.state is state


async def test_a_power_act_without_its_status_is_never_called_done() -> None:
    report = await job(Pipeline(Answer(403), resource("Succeeded")), kind=JobKind.POST).poll()
    assert report.state is JobState.GONE


async def test_a_status_document_of_unknown_shape_hands_over_to_the_resource() -> None:
    pipeline = Pipeline(Answer(200, {"weather": "fine"}), resource("Succeeded"))
    following = job(pipeline)
    assert (await following.poll()).state is JobState.RUNNING
    assert (await following.poll()).state is JobState.SUCCEEDED


async def test_an_image_is_followed_on_the_resource() -> None:
    pipeline = Pipeline(resource("InProgress", progressPercentage=25))
    report = await job(pipeline, looks_at_resource=True).poll()
    assert (report.state, report.fraction) == (JobState.RUNNING, 0.25)


async def test_server_errors_are_raised_not_judged() -> None:
    with pytest.raises(BackendError) as raised:
        await job(Pipeline(Answer(503, {"error": {"code": "Busy", "message": "later"}}))).poll()
    assert raised.value.fault.code is FaultCode.SERVER_ERROR


@pytest.mark.parametrize(
    "foreign", ["https://evil.example/op/1", "http://127.0.0.1:4443/op/1",
                "https://127.0.0.1:4444/op", "https://127.0.0.1:4443@evil.example/op"],
)  # fmt: skip
async def test_a_foreign_status_url_is_never_asked(foreign: str) -> None:
    pipeline = Pipeline()
    with pytest.raises(BackendError) as raised:
        await job(pipeline, status_url=foreign).poll()
    assert raised.value.fault.code is FaultCode.FOREIGN_HOST
    assert pipeline.asked == []


async def test_deleting_in_two_steps_sends_the_second_after_the_first_is_done() -> None:
    deleted: list[str] = []
    pipeline = Pipeline(Answer(200, {"status": "Succeeded"}), Answer(200, {"status": "Succeeded"}))

    async def delete(arm_id: str) -> ArmJob:
        deleted.append(arm_id)
        return job(pipeline, kind=JobKind.DELETE)

    token = JobToken(JobKind.DELETE, DISK, status_url=STATUS, then_delete="/the/machine")
    following = ArmJob(pipeline, token, delete)  # type: ignore[arg-type]
    assert (await following.poll()).state is JobState.RUNNING
    assert deleted == ["/the/machine"]
    assert 'then_delete":""' in following.token
    assert (await following.poll()).state is JobState.SUCCEEDED


def test_first_answers() -> None:
    put = token_of_answer(JobKind.PUT, DISK, 201, {"azure-asyncoperation": STATUS}, b"{}")
    assert (put.status_url, put.is_done) == (STATUS, False)
    plain = token_of_answer(JobKind.PUT, DISK, 200, {}, b'{"properties":{}}')
    assert plain.is_done
    body_only = token_of_answer(
        JobKind.PUT, DISK, 201, {}, b'{"properties":{"provisioningState":"Accepted"}}'
    )
    assert not body_only.is_done
    assert token_of_answer(JobKind.DELETE, DISK, 204, {}, b"").is_done
    assert "canary" not in ArmJob(Pipeline(), put, no_delete).token  # type: ignore[arg-type]
