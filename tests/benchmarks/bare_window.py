"""The floor: a bare PySide6 main window, painted once. Run as a script by ``start_up``."""

import json
import os
import sys
import time

from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication, QMainWindow


class Bare(QMainWindow):
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        with open(os.environ["PEER_EVENTS"], "a", encoding="utf-8") as file:
            file.write(json.dumps({"ev": "painted", "t": time.monotonic()}) + "\n")


application = QApplication(sys.argv)
window = Bare()
window.resize(1360, 860)
window.show()
application.exec()
