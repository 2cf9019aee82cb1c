"""Fusion, Qt's own style, on every platform: the themes are made for it."""

from PySide6.QtWidgets import QApplication

_WORN = "is_in_fusion"  # a property of the application: asking it for its style is what costs


def make_application(program: str) -> QApplication:
    """The application in Fusion from its first moment.

    By Qt's own argument: ``setStyle`` would hand the style to Python, and PySide would learn all
    that a style can be asked, 6 ms before the first frame (measured, PySide 6.11).
    """
    application = QApplication([program, "-style", "fusion"])
    application.setProperty(_WORN, True)
    return application


def wear(application: QApplication) -> None:
    """For an application that something else made: a test's, the gallery's."""
    if not application.property(_WORN):
        application.setStyle("Fusion")
        application.setProperty(_WORN, True)
