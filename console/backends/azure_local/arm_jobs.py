"""Long-running operations of ARM as RemoteJobs: our own poll, one look at a time, no sleeping."""

import enum
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from console.backends import BackendError, JobReport, JobState
from console.backends.azure_local import arm_paths, arm_rows
from console.backends.azure_local.arm_faults import fault_of_status, foreign_host
from console.backends.azure_local.arm_pipeline import ArmPipeline
from console.model.freshness import Fault, FaultCode, cut

TOKEN_VERSION = 1
# A server's Retry-After is a wish within these bounds (reliability.md row 9).
SHORTEST_WAIT_S, LONGEST_WAIT_S = 1.0, 300.0
# A status URL may not be known yet on all of ARM's front ends in the first seconds.
EARLY_MISSES = 6
LONGEST_URL = 16_000
# Right revoked, gone, or not served any more: then the resource itself is looked at.
_STATUS_IS_LOST = (403, 404, 410)


class JobKind(enum.StrEnum):
    PUT = "put"
    POST = "post"
    DELETE = "delete"


class JobToken(msgspec.Struct, frozen=True, gc=False, tag="arm"):
    """All that finds the job again. URLs are private data; none of it is secret."""

    kind: JobKind
    resource_id: str
    version: int = TOKEN_VERSION
    status_url: str = ""
    location_url: str = ""
    # The resource tells more than the status document (an image's download).
    looks_at_resource: bool = False
    # To be deleted once this deletion is done: the Arc machine of an instance.
    then_delete: str = ""
    is_done: bool = False


_STATUS = msgspec.json.Decoder(arm_rows.OperationStatus)
_RESOURCE = msgspec.json.Decoder(arm_rows.AnyResource)
_DONE_WORDS = {
    "succeeded": JobState.SUCCEEDED,
    "failed": JobState.FAILED,
    "canceled": JobState.CANCELED,
    "cancelled": JobState.CANCELED,
}

Delete = Callable[[str], Awaitable["ArmJob"]]


def token_of_answer(
    kind: JobKind,
    resource_id: str,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    looks_at_resource: bool = False,
    then_delete: str = "",
) -> JobToken:
    """What the first answer of an act says about how to follow it."""
    lower = {name.lower(): value for name, value in headers.items()}
    status_url = lower.get("azure-asyncoperation", "")[:LONGEST_URL]
    location_url = lower.get("location", "")[:LONGEST_URL] if status != 200 else ""
    is_done = False
    if not status_url and not location_url:
        state = _provisioning_state(body)
        is_done = status in (200, 201, 204) and (not state or state.lower() == "succeeded")
    return JobToken(
        kind=kind,
        resource_id=resource_id,
        status_url=status_url,
        location_url=location_url,
        looks_at_resource=looks_at_resource,
        then_delete=then_delete,
        is_done=is_done,
    )


def _provisioning_state(body: bytes) -> str:
    try:
        properties = _RESOURCE.decode(body).properties
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return ""
    return (properties.provisioning_state if properties else None) or ""


def clamp(retry_after: str | None) -> float | None:
    """Retry-After in seconds within bounds; None for anything that is no such number."""
    try:
        seconds = float(retry_after or "")
    except ValueError:
        return None
    if seconds != seconds:
        return None
    return min(max(seconds, SHORTEST_WAIT_S), LONGEST_WAIT_S)


class ArmJob:
    """A RemoteJob on ARM. ``delete`` deletes the next resource of a chain."""

    # ARM has no way to cancel these.
    can_cancel = False

    def __init__(self, pipeline: ArmPipeline, token: JobToken, delete: Delete) -> None:
        self._pipeline = pipeline
        self._delete = delete
        self._at = token
        self._misses = 0
        self._was_known = False
        self._status_is_lost = False

    @property
    def token(self) -> str:
        return msgspec.json.encode(self._at).decode()

    async def cancel(self) -> None:
        raise BackendError(
            Fault(
                FaultCode.REJECTED,
                summary="Azure offers no way to stop this; it goes on at the other end.",
            )
        )

    async def poll(self) -> JobReport:
        """Where it stands. Raises BackendError where that could not be learned just now."""
        report = await self._poll()
        if report.state is JobState.SUCCEEDED and self._at.then_delete:
            following = await self._delete(self._at.then_delete)
            self._at = following._at
            self._misses, self._was_known, self._status_is_lost = 0, False, False
            return JobReport(JobState.RUNNING, phase="Deleting the Arc machine")
        return report

    async def _poll(self) -> JobReport:
        if self._at.is_done:
            return JobReport(JobState.SUCCEEDED)
        if self._at.looks_at_resource or self._status_is_lost:
            return await self._look()
        if self._at.status_url:
            return await self._ask(self._at.status_url, self._read_status)
        if self._at.location_url:
            return await self._ask(self._at.location_url, self._read_location)
        return await self._look()

    async def _ask(
        self, url: str, read: Callable[[int, Mapping[str, str], bytes], JobReport]
    ) -> JobReport:
        if not self._pipeline.connection.may_see_token(url):
            raise BackendError(foreign_host(url.split("/")[2] if url.count("/") > 1 else "no host"))
        response = await self._pipeline.request("GET", url, "Follow the operation")
        status = response.status_code
        if status in _STATUS_IS_LOST:
            self._misses += 1
            if status == 404 and not self._was_known and self._misses < EARLY_MISSES:
                return JobReport(JobState.RUNNING, phase="Waiting", poll_after_s=1.0)
            self._status_is_lost = True
            return await self._look()
        if status not in (200, 201, 202, 204):
            raise BackendError(fault_of_status(status, response.content, "Follow the operation"))
        self._was_known = True
        return read(status, response.headers, response.content)

    def _read_status(self, status: int, headers: Mapping[str, str], body: bytes) -> JobReport:
        wait = clamp(headers.get("Retry-After"))
        try:
            document = _STATUS.decode(body)
        except (msgspec.MsgspecError, RecursionError, ValueError):
            document = arm_rows.OperationStatus()
        if not document.status:
            # A shape that nobody knows: the resource decides.
            self._status_is_lost = True
            return JobReport(JobState.RUNNING, phase="Waiting", poll_after_s=wait)
        state = _DONE_WORDS.get(document.status.lower(), JobState.RUNNING)
        if state is JobState.SUCCEEDED and self._at.kind is JobKind.PUT:
            # The resource wins over its status document (reliability.md row 23).
            self._status_is_lost = True
            return JobReport(
                JobState.RUNNING, phase="Looking", fraction=1.0, poll_after_s=SHORTEST_WAIT_S
            )
        error = document.error or arm_rows.Error()
        return JobReport(
            state,
            phase=_phase(document) or document.status,
            fraction=_fraction(document.percent_complete),
            text=error.message,
            fault=_failure(state, error.code, error.message),
            poll_after_s=wait,
        )

    def _read_location(self, status: int, headers: Mapping[str, str], body: bytes) -> JobReport:
        if status == 202:
            wait = clamp(headers.get("Retry-After"))
            return JobReport(JobState.RUNNING, phase="InProgress", poll_after_s=wait)
        return JobReport(JobState.SUCCEEDED)

    async def _look(self) -> JobReport:
        """The resource's own word."""
        path = arm_paths.resource_path(
            self._at.resource_id, self._pipeline.connection.vm_api_version
        )
        response = await self._pipeline.request("GET", path, "Look at the resource")
        if response.status_code == 404:
            if self._at.kind is JobKind.DELETE:
                return JobReport(JobState.SUCCEEDED)
            return JobReport(JobState.GONE, text="Azure has no such resource.")
        if response.status_code != 200:
            raise BackendError(
                fault_of_status(response.status_code, response.content, "Look at the resource")
            )
        return self._read_resource(response.content, clamp(response.headers.get("Retry-After")))

    def _read_resource(self, body: bytes, wait: float | None) -> JobReport:
        try:
            properties = _RESOURCE.decode(body).properties or arm_rows.AnyProperties()
        except (msgspec.MsgspecError, RecursionError, ValueError):
            return JobReport(JobState.GONE, text="The resource could not be read.")
        status = properties.status
        status = status if isinstance(status, arm_rows.AnyStatus) else arm_rows.AnyStatus()
        word = properties.provisioning_state or "Succeeded"
        state = _DONE_WORDS.get(word.lower(), JobState.RUNNING)
        if state is JobState.SUCCEEDED and self._at.kind is not JobKind.PUT:
            # A power act or deletion leaves no mark in the provisioning state.
            state = JobState.GONE
        return JobReport(
            state,
            phase=word,
            fraction=_fraction(status.progress_percentage),
            text=status.error_message or "",
            fault=_failure(state, status.error_code or "", status.error_message or ""),
            poll_after_s=wait,
        )


def _phase(document: arm_rows.OperationStatus) -> str:
    phase = (document.properties or {}).get("phase")
    return cut(phase, 80) if isinstance(phase, str) else ""


def _fraction(percent: float | None) -> float | None:
    return None if percent is None else min(max(percent / 100.0, 0.0), 1.0)


def _failure(state: JobState, code: str, message: str) -> Fault | None:
    if state is not JobState.FAILED:
        return None
    return Fault(
        FaultCode.REJECTED,
        summary=cut(message, 2000) or "Azure says that it failed and gives no reason.",
        detail=code,
    )
