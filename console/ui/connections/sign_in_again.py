"""The open connection needs its person: sign in again while operations wait."""

import uuid

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from console.model.connection import ArmEndpoint
from console.ui.bridge import Bridge, chores
from console.ui.connections.words import words
from console.ui.plain_text import plain
from console.ui.window_size import open_at


class SignInAgain(QDialog):
    """Signal: ``signed_in()``. Begins at once; closing it gives up."""

    signed_in = Signal()

    def __init__(
        self,
        bridge: Bridge,
        arm: ArmEndpoint,
        profile_id: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("sign_in_again")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Sign in to Azure")
        self._bridge, self._arm, self._profile_id = bridge, arm, profile_id
        self._token, self._code, self._url = "", "", ""
        self.said = words(self, "sign_in_words")
        self.code = words(self, "sign_in_code")
        font = self.code.font()
        font.setPointSizeF(font.pointSizeF() * 1.6)
        self.code.setFont(font)
        self.code.setAccessibleName("Code to enter")
        self.code.hide()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        roles = QDialogButtonBox.ButtonRole
        self.copy = self.buttons.addButton("&Copy the code and open the page", roles.ActionRole)
        self.copy.setObjectName("copy_code")
        self.again = self.buttons.addButton("&Try again", roles.ActionRole)
        self.again.setObjectName("try_again")
        self.copy.clicked.connect(lambda _=False: self._open_page())
        self.again.clicked.connect(lambda _=False: self.begin())
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.said)
        layout.addWidget(self.code)
        layout.addStretch(1)
        layout.addWidget(self.buttons)
        open_at(self, 70 * self.fontMetrics().averageCharWidth(), 10 * self.fontMetrics().height())
        self.finished.connect(lambda _: self._give_up())
        self.begin()

    def begin(self) -> None:
        """Ask the worker; what the person has to do arrives as a prompt."""
        self._give_up()
        self._token = str(uuid.uuid4())
        self._say("Signing in…")
        self.again.setEnabled(False)
        question = chores.SignInTo(self._token, self._arm, profile_id=self._profile_id)
        self._bridge.ask_chore(question, self._take)

    def _give_up(self) -> None:
        if self._token:
            self._bridge.give_up_chore(self._token)
        self._token = ""

    def _take(self, answer: chores.Answer | None) -> None:
        if answer is not None and answer.token != self._token:
            return
        if isinstance(answer, chores.SignInPrompted):
            self._code, self._url = answer.code, answer.url
            lines = (answer.text, answer.url)
            self._say("\n".join(line for line in lines if line), answer.code)
            return
        self._token = ""
        if isinstance(answer, chores.SignedIn) and answer.fault is None:
            self.signed_in.emit()
            self.accept()
            return
        fault = answer.fault if isinstance(answer, chores.SignedIn) else None
        text = f"{fault.summary} {fault.remedy}" if fault else "The background process stopped."
        self._say(text)
        self.again.setEnabled(True)

    def _say(self, text: str, code: str = "") -> None:
        self.said.setText(plain(text))
        self.code.setText(plain(code))
        self.code.setVisible(bool(code))
        self.copy.setVisible(bool(code))

    def _open_page(self) -> None:
        QGuiApplication.clipboard().setText(self._code)
        if self._url.startswith("https://"):
            QDesktopServices.openUrl(QUrl(self._url))
