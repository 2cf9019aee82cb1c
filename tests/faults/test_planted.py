"""Every planted defect is caught by the detector named for it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.plant import DEFECTS, VARIABLE, Defect

_REPOSITORY = Path(__file__).resolve().parents[2]
_FAILED = 1  # pytest's exit code when tests ran and some failed; anything else is no detection


def detected(defect: Defect) -> tuple[bool, str]:
    """Whether the detector fails with the defect in place, and what it said."""
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "tests.faults.plant",
         "-p", "no:cacheprovider", "-p", "no:xdist", defect.detector],
        cwd=_REPOSITORY,
        env={**os.environ, VARIABLE: defect.name, "PYTHONPATH": str(_REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=100,
    )  # fmt: skip
    return ran.returncode == _FAILED, ran.stdout[-2000:] + ran.stderr[-2000:]


def test_there_are_enough_of_them() -> None:
    assert len(DEFECTS) >= 25


@pytest.mark.parametrize("name", DEFECTS)
def test_a_planted_defect_is_caught(name: str) -> None:
    is_caught, told = detected(DEFECTS[name])
    assert is_caught, told


@pytest.mark.parametrize("third", range(3))
def test_without_a_defect_every_detector_passes(third: int) -> None:
    detectors = sorted({defect.detector for defect in DEFECTS.values()})[third::3]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "tests.faults.plant",
         "-p", "no:cacheprovider", "-p", "no:xdist", *detectors],
        cwd=_REPOSITORY,
        env={**os.environ, VARIABLE: "", "PYTHONPATH": str(_REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=110,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-3000:]
