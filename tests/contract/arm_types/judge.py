"""Reads every exchange of a server and holds its bodies against the published types."""

import json
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from console.lab.arm_server.exchange import Request, Response
from console.lab.arm_server.target import parse
from tests.contract.arm_types.schemas import Direction, complaints, validators

_FOLDERS = {
    ("microsoft.azurestackhci", "2024-01-01"): "azurestackhci_1/microsoft.azurestackhci",
    ("microsoft.azurestackhci", "2025-06-01-preview"): "azurestackhci_1/microsoft.azurestackhci",
    ("microsoft.azurestackhci", "2026-04-30"): "azurestackhci_0/microsoft.azurestackhci",
    ("microsoft.hybridcompute", "2025-01-13"): "hybridcompute/microsoft.hybridcompute",
    ("microsoft.hybridcompute", "2026-07-15"): "hybridcompute/microsoft.hybridcompute",
    ("microsoft.extendedlocation", "2021-08-15"): "extendedlocation/microsoft.extendedlocation",
}
# The client's version of the cluster types is not among the stored files: the one before it is.
_NEAREST = {"2026-10-01": "2026-04-30"}
# In the preview's words already: the stable version tells them through its extensible enums.
_OPEN = frozenset({"2024-01-01"})
_ERROR = Draft202012Validator(
    {
        "type": "object",
        "required": ["error"],
        "unevaluatedProperties": False,
        "properties": {
            "error": {
                "type": "object",
                "required": ["code", "message"],
                "unevaluatedProperties": False,
                "properties": {
                    "code": {"type": "string", "minLength": 1},
                    "message": {"type": "string", "minLength": 1},
                    "target": {"type": "string"},
                    "details": {"type": "array"},
                },
            }
        },
    }
)
_STATUS = Draft202012Validator(
    {
        "type": "object",
        "required": ["id", "name", "status"],
        "unevaluatedProperties": False,
        "properties": {
            "id": {"type": "string", "pattern": "^/"},
            "resourceId": {"type": "string", "pattern": "^/"},
            "name": {"type": "string"},
            "status": {"enum": ["InProgress", "Succeeded", "Failed", "Canceled"]},
            "percentComplete": {"type": "number", "minimum": 0, "maximum": 100},
            "startTime": {"type": "string"},
            "endTime": {"type": "string"},
            "properties": {"type": "object"},
            "error": {"type": "object", "required": ["code", "message"]},
        },
    }
)


class Judge:
    """A watcher for ``ArmServer.watch``. Counts what it judged; ``wrong`` holds the complaints."""

    def __init__(self, specs: Path) -> None:
        self._generated = specs / "arm/bicep-types-az/generated"
        self._lock = threading.Lock()
        self.judged: Counter[str] = Counter()
        self.unjudged: Counter[str] = Counter()
        self.wrong: set[str] = set()

    @property
    def answers(self) -> int:
        return sum(count for what, count in self.judged.items() if what.startswith("answer "))

    @property
    def requests(self) -> int:
        return sum(count for what, count in self.judged.items() if what.startswith("request "))

    def __call__(self, request: Request, response: Response) -> None:
        with self._lock:
            self._read(request, response)

    def _read(self, request: Request, response: Response) -> None:
        if response.status >= 400:
            self._hold("error", f"{response.status}", _ERROR, response.body)
            return
        if "/operationstatuses/" in request.path.lower():
            self._hold("status", response.body.get("status", "?"), _STATUS, response.body)
            return
        target = parse(request.segments)
        if target is None or response.body is None:
            return
        if "locations" in (kind.lower() for kind in target.kinds[:1]):
            return  # an operation's result
        if request.method == "PUT":
            self.judge("request", target.type, request.api_version, json.loads(request.body))
        if target.is_list and request.method == "GET":
            for body in response.body["value"]:
                self.judge("answer", target.type, request.api_version, body)
        elif request.method in ("GET", "PUT", "PATCH"):
            self.judge("answer", target.type, request.api_version, response.body)

    def judge(self, direction: Direction, type_: str, version: str, body: Any) -> list[str]:
        """Complaints about one body; it is counted either way."""
        validator = self._validator(direction, type_.lower(), version)
        if validator is None:
            self.unjudged[type_.lower()] += 1
            return []
        return self._hold(direction, f"{type_.lower()}@{version}", validator, body)

    def _validator(
        self, direction: Direction, type_: str, version: str
    ) -> Draft202012Validator | None:
        version = _NEAREST.get(version, version)
        folder = _FOLDERS.get((type_.split("/", 1)[0], version))
        if folder is None:
            return None
        file = self._generated / folder / version / "types.json"
        return validators(file, direction, version not in _OPEN).get(type_)

    def _hold(
        self, direction: str, what: str, validator: Draft202012Validator, body: Any
    ) -> list[str]:
        self.judged[f"{direction} {what}"] += 1
        found = complaints(validator, body)
        self.wrong |= {f"{direction} {what} {complaint}" for complaint in found}
        return found
