"""The probe that explains the cap on PySide6, and what else of the toolkit we lean on."""

import sys

import PySide6
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QWidget

CALLS = 200


class _Source(QObject):
    told = Signal(bool)


def test_calls_do_not_lose_references_to_none_and_true(qapp: QApplication) -> None:
    """PySide6 6.12.0 on Python 3.11 drops one per call and aborts after some thousand."""
    widget, source = QWidget(), _Source()
    before = sys.getrefcount(None), sys.getrefcount(True)
    for _ in range(CALLS):
        widget.update()
        source.told.emit(True)
    after = sys.getrefcount(None), sys.getrefcount(True)
    assert abs(after[0] - before[0]) < 50
    assert abs(after[1] - before[1]) < 50
    widget.deleteLater()


def test_the_tested_series_is_installed() -> None:
    assert PySide6.__version__.startswith("6.11.")
