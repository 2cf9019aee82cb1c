"""One request to ARM and its answer, and how ARM says no."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import parse_qsl, unquote, urlsplit

# Clients answer this code by registering the provider and waiting ten seconds at a time.
NEVER_SAID = "MissingSubscriptionRegistration"
_OPAQUE = re.compile(r"[\w.:-]{1,128}")


@dataclass(frozen=True)
class Request:
    """``segments`` of the path are decoded and not empty; names in ``query`` are lower case."""

    method: str
    path: str
    segments: tuple[str, ...]
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case
    body: bytes = field(default=b"", repr=False)

    @classmethod
    def read(cls, method: str, target: str, headers: Mapping[str, str], body: bytes) -> "Request":
        parts = urlsplit("//lab" + target if target.startswith("/") else target)
        segments = tuple(unquote(part) for part in parts.path.split("/") if part)
        query = {name.lower(): value for name, value in parse_qsl(parts.query)}
        lower = {name.lower(): value for name, value in headers.items()}
        return cls(method, parts.path, segments, query, lower, body)

    @property
    def api_version(self) -> str:
        return self.query.get("api-version", "")

    def opaque(self, header: str) -> str:
        """An identifier that the client chose, empty if it cannot be said back safely."""
        value = self.headers.get(header, "")
        return value if _OPAQUE.fullmatch(value) else ""

    def json_object(self) -> dict[str, Any]:
        """The body without its nulls (not given, for ARM); refuses what is no JSON object."""
        try:
            found = json.loads(self.body, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise ArmError(
                400,
                "InvalidRequestContent",
                f"The request content was invalid and could not be deserialized: '{error}'.",
            ) from error
        if not isinstance(found, dict):
            raise ArmError(
                400, "InvalidRequestContent", "The request content must be a JSON object."
            )
        without: dict[str, Any] = _without_nulls(found)
        return without


@dataclass(frozen=True)
class Response:
    """``body`` is anything JSON can say, or a page's bytes; None means there is none."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class ArmError(Exception):
    """A refusal in ARM's words."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        if code == NEVER_SAID:
            raise ValueError(f"the lab must never say {NEVER_SAID}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}

    def response(self) -> Response:
        return Response(self.status, error_body(self.code, self.message), self.headers)


def error_body(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value
