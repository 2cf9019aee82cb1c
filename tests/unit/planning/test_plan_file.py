"""A plan's file comes back as it was; one that is doubtful is refused in words."""

import json
from pathlib import Path

import pytest

from console.model.plan import Method, Plan, PlanKind, PlannedMove
from console.planning import plan_file
from console.planning.afterwards import Forecast, PlanRun
from console.planning.plan_file import PlanFileError, SavedPlan

MOVE = PlannedMove("a", "app", "N1", "N2", Method.QUICK, "why")
SAVED = SavedPlan(
    "id-1",
    "Empty N1",
    5.0,
    Plan(PlanKind.DRAIN, "lab", 1.0, (MOVE,), "N1", ("b",)),
    runs=(PlanRun("g", 2.0, (Forecast("o", MOVE, (1.0, 2.0)),), (1.0, 2.0), "p"),),
)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = plan_file.path_of(tmp_path / "plans", SAVED.id)
    plan_file.write(path, plan_file.encoded(SAVED))
    assert plan_file.read(path) == SAVED
    assert plan_file.listed(tmp_path / "plans") == (SAVED,)
    plan_file.forget(tmp_path / "plans", SAVED.id)
    assert plan_file.listed(tmp_path / "plans") == ()


def test_a_file_that_cannot_be_read_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / f"x{plan_file.SUFFIX}").write_text("{")
    plan_file.write(plan_file.path_of(tmp_path, SAVED.id), plan_file.encoded(SAVED))
    assert plan_file.listed(tmp_path) == (SAVED,)


def test_an_id_never_leads_out_of_the_folder(tmp_path: Path) -> None:
    path = plan_file.path_of(tmp_path, "../../etc/passwd")
    assert path.parent == tmp_path


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: d | {"format": "x"}, "no plan of this console"),
        (lambda d: d | {"version": 99}, "newer console"),
        (lambda d: d | {"version": 0}, "never was"),
        (lambda d: d | {"more": 1}, "not complete or not right"),
        (lambda d: d["saved"]["plan"].update(node="") or d, "which node"),
        (lambda d: d["saved"]["plan"]["moves"][0].update(target="") or d, "its VM or its nodes"),
        (lambda d: d["saved"]["plan"]["moves"][0].update(method="warp") or d, "not right"),
    ],
)
def test_a_doubtful_file_is_refused_in_words(change: object, told: str) -> None:
    data = json.loads(plan_file.encoded(SAVED))
    changed = change(data)  # type: ignore[operator]
    with pytest.raises(PlanFileError, match=told):
        plan_file.decoded(json.dumps(changed).encode())


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_object_is_no_plan(data: bytes) -> None:
    with pytest.raises(PlanFileError):
        plan_file.decoded(data)
