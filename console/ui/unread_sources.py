"""Has PySide leave the source text of our modules unread: a twentieth of every start.

For the sake of ``from __feature__ import``, which nothing here uses, PySide looks after each import
whether the module's source names PySide6 (``shibokensupport/feature.py``, 6.11). That reads and
keeps 61,000 lines: 16 to 25 ms and 5 MiB of the window's start, measured.
"""

import sys
from typing import Any

_HOOK = "_mod_uses_pyside"


def leave_unread() -> bool:
    """From here on nothing is read for that; False where PySide is built otherwise: it goes on."""
    feature = sys.modules.get("shibokensupport.feature")
    if feature is None or not callable(getattr(feature, _HOOK, None)):
        return False
    # "Uses no PySide" means to it: leave the switches as they are, and nobody moves them.
    vars(feature)[_HOOK] = _uses_no_feature
    return True


def _uses_no_feature(_module: Any) -> bool:
    return False
