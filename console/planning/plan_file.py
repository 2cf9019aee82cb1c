"""A plan as a file, to keep and to hand on. It holds names of VMs and nodes, and no secrets."""

import contextlib
import os
import re
import tempfile
from pathlib import Path

import msgspec

from console.model.plan import Plan, PlanKind
from console.planning.afterwards import PlanRun

FORMAT, VERSION = "trusted-launch-console plan", 1
SUFFIX = ".plan.json"
_LARGEST = 8 * 1024 * 1024  # 5,000 moves and three runs of them
_MOST_MOVES = 20_000
_MOST_NAME = 60


class PlanFileError(Exception):
    """Why a file cannot be taken, as a sentence."""


class SavedPlan(msgspec.Struct, frozen=True):
    """``id`` names its file. ``back``: the way back, if somebody changed it; else it follows from
    ``plan``. ``runs`` and ``back_runs``: each time it was asked for, newest last.
    """

    id: str
    name: str
    saved_at: float
    plan: Plan
    back: Plan | None = None
    runs: tuple[PlanRun, ...] = ()
    back_runs: tuple[PlanRun, ...] = ()


class _File(msgspec.Struct, forbid_unknown_fields=True):
    format: str
    version: int
    saved: SavedPlan


def encoded(saved: SavedPlan) -> bytes:
    whole = _File(FORMAT, VERSION, saved)
    return msgspec.json.format(msgspec.json.encode(whole), indent=1) + b"\n"


def decoded(data: bytes) -> SavedPlan:
    """Raises PlanFileError in words a person can act on; nothing of a doubtful file is taken."""
    if len(data) > _LARGEST:
        raise PlanFileError("The file is far too large for a plan.")
    try:
        plain = msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise PlanFileError("The file is no plan: it is not JSON.") from error
    if not isinstance(plain, dict) or plain.get("format") != FORMAT:
        raise PlanFileError("The file is no plan of this console.")
    version = plain.get("version")
    if isinstance(version, int) and version > VERSION:
        made = f"The plan was made by a newer console (version {version})"
        text = f"{made}; this one reads {VERSION}."
        raise PlanFileError(text)
    try:
        saved = msgspec.convert(plain, _File).saved
    except msgspec.ValidationError as error:
        raise PlanFileError(f"The plan is not complete or not right: {error}.") from error
    if version != VERSION:
        raise PlanFileError(f"The plan has a version that never was: {version}.")
    for plan in (saved.plan, saved.back):
        _demand_sound(plan)
    return saved


def _demand_sound(plan: Plan | None) -> None:
    if plan is None:
        return
    if len(plan.moves) > _MOST_MOVES:
        raise PlanFileError(f"The plan holds more than {_MOST_MOVES:,} moves.")
    if plan.kind in (PlanKind.DRAIN, PlanKind.RETURN) and not plan.node:
        raise PlanFileError("The plan does not tell which node it is about.")
    if any(not move.vm_key or not move.source or not move.target for move in plan.moves):
        raise PlanFileError("A move of the plan does not tell its VM or its nodes.")


# -- disk: for the file thread -----------------------------------------------------------------
def listed(folder: Path) -> tuple[SavedPlan, ...]:
    """Every plan that can be read, the newest first; files that cannot are left alone."""
    found = []
    for path in folder.glob(f"*{SUFFIX}"):
        with contextlib.suppress(OSError, PlanFileError):
            found.append(decoded(_read(path)))
    return tuple(sorted(found, key=lambda one: -one.saved_at))


def read(path: Path) -> SavedPlan | PlanFileError:
    """From any place. Raises OSError; what is wrong with the content is an answer."""
    try:
        return decoded(_read(path))
    except PlanFileError as error:
        return error


def write(path: Path, data: bytes) -> None:
    """All or nothing. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".plan-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.replace(name, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def forget(folder: Path, plan_id: str) -> None:
    """Remove a kept plan. Raises OSError; one that is gone already is gone."""
    path_of(folder, plan_id).unlink(missing_ok=True)


def path_of(folder: Path, plan_id: str) -> Path:
    """Where the plan of this id is kept. An id from a file may be anything: only signs that a file
    name can hold are taken of it.
    """
    return folder / f"{re.sub(r'[^A-Za-z0-9-]+', '-', plan_id)[:80]}{SUFFIX}"


def file_name(name: str) -> str:
    """What to propose for a file of this plan."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").casefold()[:_MOST_NAME]
    return plain or "plan"


def _read(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_LARGEST + 1)
