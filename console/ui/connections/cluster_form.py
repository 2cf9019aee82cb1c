"""How a cluster's nodes are reached: names, transport, account, endpoint."""

import ipaddress
import re
from urllib.parse import urlsplit

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from console.model.connection import ClusterEndpoint
from console.ui.connections.choose_file import ChooseFile
from console.ui.connections.words import caption

_HTTPS, _HTTP = "HTTPS, port 5986", "HTTP, port 5985, every message sealed"


class ClusterForm(QWidget):
    """Signal: ``changed()``. ``endpoint`` is what the fields say, ``password`` beside it."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("cluster_form")
        self.nodes = QPlainTextEdit(self)
        self.nodes.setObjectName("nodes")
        self.nodes.setAccessibleName("Nodes, one a line")
        self.nodes.setPlaceholderText("node1.contoso.com\nnode2.contoso.com")
        self.nodes.setTabChangesFocus(True)
        self.nodes.setMinimumHeight(5 * self.fontMetrics().height())
        self.nodes.setMaximumHeight(9 * self.fontMetrics().height())
        self.username = QLineEdit(self)
        self.username.setObjectName("username")
        self.username.setPlaceholderText("the signed-in user, by Kerberos ticket")
        self.password = QLineEdit(self)
        self.password.setObjectName("password")
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.transport = QComboBox(self)
        self.transport.setObjectName("transport")
        self.transport.addItems([_HTTPS, _HTTP])
        self.ca = ChooseFile("cluster_ca", "The system's store", "Certificates (*.pem *.crt *.cer)")
        self.configuration = QLineEdit("TrustedLaunchConsole", self)
        self.configuration.setObjectName("configuration")
        self.ntlm = QCheckBox("Allow NTLM where Kerberos does not work", self)
        self.ntlm.setObjectName("allow_ntlm")
        self.ntlm.setToolTip("Kerberos proves both sides. NTLM does not prove the node.")
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.addRow("&Nodes, one a line:", self.nodes)
        form.addRow(
            "",
            caption(
                "Full names, never the cluster's own name. A node that does not answer is passed "
                "over for the next. NAME = address:port where they differ.",
                self,
            ),
        )
        form.addRow("T&ransport:", self.transport)
        form.addRow("&Authority (CA):", self.ca)
        form.addRow("&User:", self.username)
        form.addRow("&Password:", self.password)
        form.addRow("", self.ntlm)
        form.addRow("Endpoint (&JEA):", self.configuration)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(form)
        layout.addStretch(1)
        for field in (self.username, self.password, self.configuration):
            field.textChanged.connect(lambda _: self.changed.emit())
        self.nodes.textChanged.connect(self.changed.emit)
        self.ca.changed.connect(self.changed.emit)
        self.ntlm.toggled.connect(lambda _: self.changed.emit())
        self.transport.currentIndexChanged.connect(self._on_transport)
        self._on_transport()

    def fill(self, endpoint: ClusterEndpoint | None) -> None:
        """Show a profile's values."""
        if endpoint is None:
            return
        self.nodes.setPlainText("\n".join(_line(*pair) for pair in endpoint.nodes.items()))
        self.username.setText(endpoint.username)
        self.transport.setCurrentText(_HTTPS if endpoint.use_tls else _HTTP)
        self.ca.set_path(endpoint.ca_file)
        self.configuration.setText(endpoint.configuration_name)
        self.ntlm.setChecked(endpoint.allows_ntlm)

    @property
    def endpoint(self) -> ClusterEndpoint | None:
        """None while nothing is filled in."""
        nodes = nodes_of(self.nodes.toPlainText())
        if not nodes:
            return None
        allows = self.ntlm.isChecked()
        return ClusterEndpoint(
            nodes=nodes,
            username=self.username.text().strip(),
            auth="negotiate" if allows else "kerberos",
            use_tls=self.transport.currentText() == _HTTPS,
            ca_file=self.ca.path if self.transport.currentText() == _HTTPS else "",
            configuration_name=self.configuration.text().strip(),
            allows_ntlm=allows,
        )

    def _on_transport(self) -> None:
        self.ca.setEnabled(self.transport.currentText() == _HTTPS)
        self.changed.emit()


def nodes_of(text: str) -> dict[str, str]:
    """Node name to address, in the order written. A bare address names its node by itself."""
    found: dict[str, str] = {}
    for line in re.split(r"[\n,;]+", text):
        name, sign, address = (part.strip() for part in line.partition("="))
        if not sign:
            name, address = _name_of(name), name
        if name or address:
            found[name] = address
    return found


def _name_of(address: str) -> str:
    """The first label of a full name; an IP address names no node."""
    try:
        host = urlsplit(f"//{address}").hostname or ""
    except ValueError:
        return address
    try:
        ipaddress.ip_address(host)
    except ValueError:
        # As it was typed: urlsplit makes letters small.
        return address.rsplit(":", 1)[0].split(".")[0]
    return ""


def _line(name: str, address: str) -> str:
    return address if _name_of(address).casefold() == name.casefold() else f"{name} = {address}"
