"""A secret that no keyring holds: asked for at the opening, used for this session only."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QVBoxLayout, QWidget

from console.model.connection import ConnectionProfile
from console.ui.connections.words import words
from console.ui.forms.outlined import outline
from console.ui.plain_text import one_line, plain


class AskSecret(QDialog):
    """Signal: ``given(str)``, empty where the person left it so. Closing it gives nothing."""

    given = Signal(str)

    def __init__(self, title: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("ask_secret")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        said = words(self, "ask_secret_words")
        said.setText(plain(text))
        self.line = QLineEdit(self)
        self.line.setObjectName("secret")
        self.line.setAccessibleName(title)
        self.line.setEchoMode(QLineEdit.EchoMode.Password)
        outline(self.line)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        go_on = buttons.addButton("&Connect", QDialogButtonBox.ButtonRole.AcceptRole)
        go_on.setObjectName("secret_given")
        go_on.setDefault(True)
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(said)
        layout.addWidget(self.line)
        layout.addStretch(1)
        layout.addWidget(buttons)
        self.line.setFocus()

    def _accept(self) -> None:
        self.given.emit(self.line.text())
        self.accept()


def needed(profile: ConnectionProfile) -> dict[str, tuple[str, str]]:
    """Field of each secret that this profile goes with: title and words of the question."""
    found = {}
    cluster, arm = profile.cluster, profile.azure
    if cluster is not None and cluster.username:
        ticket = "" if cluster.auth == "basic" else " Empty: your own Kerberos ticket is used."
        found["cluster_password"] = (
            "Password for the nodes",
            f"Password of {one_line(cluster.username)} for {one_line(profile.name)}.{ticket}",
        )
    if arm is not None and arm.proxy and arm.proxy_user:
        found["proxy_password"] = (
            "Password for the proxy",
            f"Password of {one_line(arm.proxy_user)} at {one_line(arm.proxy)}.",
        )
    return found
