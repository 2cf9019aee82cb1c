"""How Azure is reached: cloud, sign-in, and the subscriptions that the account sees."""

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from console.catalog import clouds
from console.model.connection import (
    INTERACTIVE,
    ArmEndpoint,
    AzureAccount,
    SignIn,
    SignInMethod,
    Subscription,
)
from console.ui.connections.choose_file import ChooseFile
from console.ui.connections.words import caption, words
from console.ui.plain_text import one_line, plain

_ID_ROLE = int(Qt.ItemDataRole.UserRole)
METHODS = (
    (SignInMethod.BROWSER, "In the browser"),
    (SignInMethod.BROKER, "By the operating system (broker)"),
    (SignInMethod.DEVICE_CODE, "With a code on another device"),
    (SignInMethod.AZURE_CLI, "As the Azure CLI (az login)"),
    (SignInMethod.CERTIFICATE, "Service principal with a certificate"),
    (SignInMethod.MANAGED_IDENTITY, "This machine's managed identity"),
    (SignInMethod.WORKLOAD_IDENTITY, "Workload identity"),
)
_CUSTOM = "custom"
_OF_A_FLEET = (
    "Read by Azure Resource Graph, which lags behind the clusters. A fleet is looked at; to act, "
    "open one of its clusters in a tab of its own."
)


class AzureForm(QWidget):
    """Signals: ``changed()``; ``sign_in_wanted()``, ``sign_out_wanted()``;
    ``discovery_wanted(url, ca_file)`` for a custom cloud.
    """

    changed = Signal()
    sign_in_wanted = Signal()
    sign_out_wanted = Signal()
    discovery_wanted = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("azure_form")
        self._discovered: ArmEndpoint | None = None
        self._account, self._record = "", ""
        self._make_fields()
        self._lay_out()
        for field in (self.tenant, self.client, self.url, self.proxy_user):
            field.textChanged.connect(lambda _: self.changed.emit())
        self.proxy.textChanged.connect(lambda _: self._follow())
        self.certificate.changed.connect(self.changed.emit)
        self.ca.changed.connect(self.changed.emit)
        self.cloud.currentIndexChanged.connect(lambda _: self._follow())
        self.method.currentIndexChanged.connect(lambda _: self._follow())
        self.subscriptions.itemChanged.connect(lambda _: self.changed.emit())
        self.scope.currentIndexChanged.connect(lambda _: self._follow())
        self._follow()

    def _make_fields(self) -> None:
        self.cloud = QComboBox(self)
        self.cloud.setObjectName("cloud")
        for one in clouds():
            self.cloud.addItem(one.name, one.id)
        self.cloud.addItem("Another (disconnected operations, private cloud)…", _CUSTOM)
        self.url = QLineEdit(self)
        self.url.setObjectName("arm_url")
        self.url.setPlaceholderText("https://armmanagement.example.com")
        self.look_up = QPushButton("&Look up", self)
        self.look_up.setObjectName("look_up")
        self.look_up.clicked.connect(
            lambda _=False: self.discovery_wanted.emit(self.url.text(), self.ca.path)
        )
        self.cloud_words = words(self, "cloud_words")
        self.ca: ChooseFile = ChooseFile(
            "azure_ca", "The system's store", "Certificates (*.pem *.crt *.cer)"
        )
        self.method: QComboBox = QComboBox(self)
        self.method.setObjectName("method")
        for method, text in METHODS:
            self.method.addItem(text, method)
        self.tenant_choice = QComboBox(self)
        self.tenant_choice.setObjectName("tenant")
        self.tenant_choice.setEditable(True)
        self.tenant_choice.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.tenant = QLineEdit(self)
        self.tenant.setPlaceholderText("the account's own")
        self.tenant_choice.setLineEdit(self.tenant)
        self.client = QLineEdit(self)
        self.client.setObjectName("client")
        self.client.setPlaceholderText("Azure CLI's or azure-identity's own")
        self.certificate: ChooseFile = ChooseFile(
            "certificate", "PEM or PFX with its key", "Certificates (*.pem *.pfx *.p12)"
        )
        self.certificate_password = QLineEdit(self)
        self.certificate_password.setObjectName("certificate_password")
        self.certificate_password.setEchoMode(QLineEdit.EchoMode.Password)
        self.proxy = QLineEdit(self)
        self.proxy.setObjectName("proxy")
        self.proxy.setPlaceholderText("the system's; else http://proxy.example.com:8080")
        self.proxy_user = QLineEdit(self)
        self.proxy_user.setObjectName("proxy_user")
        self.proxy_password = QLineEdit(self)
        self.proxy_password.setObjectName("proxy_password")
        self.proxy_password.setEchoMode(QLineEdit.EchoMode.Password)
        self.sign_in = QPushButton("&Sign in and look", self)
        self.sign_in.setObjectName("sign_in")
        self.sign_in.clicked.connect(lambda _=False: self.sign_in_wanted.emit())
        self.sign_out = QPushButton("Sign &out", self)
        self.sign_out.setObjectName("sign_out")
        self.sign_out.clicked.connect(lambda _=False: self.sign_out_wanted.emit())
        self.account_words = words(self, "account_words")
        self._make_scope()

    def _make_scope(self) -> None:
        self.scope = QComboBox(self)
        self.scope.setObjectName("scope")
        self.scope.addItem("One cluster", False)
        self.scope.addItem("A fleet: every cluster in these subscriptions", True)
        self.scope_words = caption(_OF_A_FLEET, self)
        self.subscriptions: QListWidget = QListWidget(self)
        self.subscriptions.setObjectName("subscriptions")
        self.subscriptions.setAccessibleName("Subscriptions")
        self.subscriptions.setMaximumHeight(8 * self.fontMetrics().height())

    def _lay_out(self) -> None:
        form = self._form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self._url_row = QWidget(self)
        row = QHBoxLayout(self._url_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.url, 1)
        row.addWidget(self.look_up)
        self._url_row.setFocusProxy(self.url)
        buttons = QWidget(self)
        row = QHBoxLayout(buttons)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.sign_in)
        row.addWidget(self.sign_out)
        row.addStretch(1)
        form.addRow("Clou&d:", self.cloud)
        form.addRow("Its Resource Mana&ger:", self._url_row)
        form.addRow("", self.cloud_words)
        form.addRow("&Authority (CA):", self.ca)
        form.addRow("P&roxy:", self.proxy)
        form.addRow("Proxy &user:", self.proxy_user)
        form.addRow("Proxy pass&word:", self.proxy_password)
        form.addRow("Sign &in:", self.method)
        form.addRow("Te&nant:", self.tenant_choice)
        form.addRow("A&pplication (client) id:", self.client)
        form.addRow("Certi&ficate:", self.certificate)
        form.addRow("Its pass&word:", self.certificate_password)
        form.addRow("", buttons)
        form.addRow("", self.account_words)
        form.addRow("Sho&w:", self.scope)
        form.addRow("Su&bscriptions:", self.subscriptions)
        form.addRow("", caption("None checked: all that the account sees.", self))
        form.addRow("", self.scope_words)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(form)
        layout.addStretch(1)

    # -- values --------------------------------------------------------------------------------
    @property
    def is_fleet(self) -> bool:
        """Whether every cluster in the subscriptions is to be shown."""
        return bool(self.scope.currentData())

    def fill(self, arm: ArmEndpoint | None, *, is_fleet: bool = False) -> None:
        """Show a profile's values."""
        self.scope.setCurrentIndex(self.scope.findData(is_fleet))
        if arm is None:
            return
        self.cloud.setCurrentIndex(max(0, self.cloud.findData(arm.cloud)))
        if arm.cloud == _CUSTOM:
            self.url.setText(arm.url)
            self._discovered = arm if arm.authority else None
        self.ca.set_path(arm.ca_file)
        self.proxy.setText(arm.proxy)
        self.proxy_user.setText(arm.proxy_user)
        sign_in = arm.sign_in
        self.method.setCurrentIndex(max(0, self.method.findData(sign_in.method)))
        self.tenant.setText(sign_in.tenant_id)
        self.client.setText(sign_in.client_id)
        self.certificate.set_path(sign_in.certificate_file)
        self._account, self._record = sign_in.account, sign_in.account_record
        if self._account:
            self.account_words.setText(plain(f"Signed in as {self._account}."))
        for one in arm.subscription_ids:
            self._add_subscription(Subscription(one), is_checked=True)
        self._follow()

    @property
    def endpoint(self) -> ArmEndpoint:
        """What the fields say; the addresses of a known cloud are put in when it is used."""
        proxy = self.proxy.text().strip().rstrip("/")
        user = self.proxy_user.text().strip() if proxy else ""
        return msgspec.structs.replace(self._endpoint(), proxy=proxy, proxy_user=user)

    def _endpoint(self) -> ArmEndpoint:
        sign_in = SignIn(
            method=SignInMethod(self.method.currentData()),
            tenant_id=self.tenant.text().strip(),
            client_id=self.client.text().strip(),
            certificate_file=self.certificate.path,
            account=self._account,
            account_record=self._record,
        )
        chosen = tuple(
            str(item.data(_ID_ROLE))
            for item in (self.subscriptions.item(at) for at in range(self.subscriptions.count()))
            if item.checkState() is Qt.CheckState.Checked
        )
        cloud = str(self.cloud.currentData())
        if cloud != _CUSTOM:
            url = next(one.arm for one in clouds() if one.id == cloud)
            return ArmEndpoint(url, chosen, self.ca.path, cloud=cloud, sign_in=sign_in)
        typed = self.url.text().strip().rstrip("/")
        base = self._discovered
        if base is None or base.url.rstrip("/") != typed:
            return ArmEndpoint(typed, chosen, self.ca.path, cloud=_CUSTOM, sign_in=sign_in)
        return msgspec.structs.replace(
            base, subscription_ids=chosen, ca_file=self.ca.path, sign_in=sign_in
        )

    # -- answers -------------------------------------------------------------------------------
    def show_cloud(self, arm: ArmEndpoint | None, text: str) -> None:
        """What a custom endpoint told of itself, or why it told nothing."""
        if arm is not None:
            self._discovered = arm
            self.url.setText(arm.url)
            if not self.tenant.text().strip():
                self.tenant.setText(arm.sign_in.tenant_id)
        self.cloud_words.setText(plain(text))
        self._follow()

    def show_account(self, account: AzureAccount | None, text: str) -> None:
        """Who is signed in and what that account sees; None after signing out or a failure."""
        self._account = account.name if account is not None else ""
        self._record = account.record if account is not None else ""
        self.account_words.setText(plain(text))
        if account is not None:
            checked = set(self.endpoint.subscription_ids)
            self._offer_tenants(account)
            self.subscriptions.clear()
            for one in account.subscriptions:
                self._add_subscription(one, is_checked=one.id in checked)
        self._follow()

    def _offer_tenants(self, account: AzureAccount) -> None:
        """What the account is a guest of too: another one takes another sign-in."""
        typed = self.tenant.text()
        self.tenant_choice.clear()
        for one in account.tenants:
            self.tenant_choice.addItem(one_line(one.domain or one.id))
        self.tenant.setText(typed)

    def _add_subscription(self, one: Subscription, *, is_checked: bool) -> None:
        state = f", {one.state}" if one.state and one.state != "Enabled" else ""
        text = f"{one_line(one.name)}   ({one.id}{state})" if one.name else one.id
        item = QListWidgetItem(text)
        item.setData(_ID_ROLE, one.id)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(Qt.CheckState.Checked if is_checked else Qt.CheckState.Unchecked)
        self.subscriptions.addItem(item)

    def _follow(self) -> None:
        """Only what the chosen cloud and way need."""
        method = SignInMethod(self.method.currentData())
        is_custom = self.cloud.currentData() == _CUSTOM
        is_certificate = method is SignInMethod.CERTIFICATE
        self._form.setRowVisible(self._url_row, is_custom)
        self._form.setRowVisible(self.cloud_words, is_custom)
        self._form.setRowVisible(self.certificate, is_certificate)
        self._form.setRowVisible(self.certificate_password, is_certificate)
        needs_client = method not in (SignInMethod.AZURE_CLI, SignInMethod.BROKER)
        self._form.setRowVisible(self.client, needs_client)
        self._form.setRowVisible(self.tenant_choice, method is not SignInMethod.MANAGED_IDENTITY)
        self._form.setRowVisible(self.account_words, bool(self.account_words.text()))
        for field in (self.proxy_user, self.proxy_password):
            self._form.setRowVisible(field, bool(self.proxy.text().strip()))
        self._form.setRowVisible(self.scope_words, self.is_fleet)
        can_sign_out = method in INTERACTIVE or is_certificate
        self.sign_out.setVisible(can_sign_out)
        self.sign_out.setEnabled(bool(self._record) or is_certificate)
        self.changed.emit()
