"""Connections for the gallery: made-up profiles and a test with every kind of step."""

from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace
from PySide6.QtWidgets import QWidget

from console.model.connection import (
    ArmEndpoint,
    AzureAccount,
    ClusterEndpoint,
    ConnectionKind,
    ConnectionProfile,
    SignIn,
    SignInMethod,
    StepState,
    Subscription,
    Tenant,
    TestStep,
)
from console.model.freshness import Fault, FaultCode
from console.model.snapshot import ClusterSnapshot
from console.ui.bridge import chores

_SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"
PROFILES = (
    ConnectionProfile(
        "munich-1", "Munich, production", ConnectionKind.AZURE_LOCAL,
        ArmEndpoint(
            "https://management.azure.com", (_SUBSCRIPTION,), cloud="public",
            sign_in=SignIn(SignInMethod.BROWSER, account="grace@contoso.com", account_record="{}"),
        ),
        ClusterEndpoint({"N1": "n1.contoso.com", "N2": "n2.contoso.com"}),
    ),
    ConnectionProfile(
        "edge-2", "Edge, disconnected", ConnectionKind.AZURE_LOCAL,
        ArmEndpoint(
            "https://arm.edge.example", cloud="custom", authority="https://login.edge.example/adfs",
            scope="https://arm.edge.example//.default", sign_in=SignIn(SignInMethod.DEVICE_CODE),
        ),
    ),
    ConnectionProfile("lab-small", "Lab (small)", ConnectionKind.LAB, scenario="small"),
)  # fmt: skip
_ACCOUNT = AzureAccount(
    "grace@contoso.com", "{}", False,
    "The sign-in ends with this session, since the desktop's keyring does not answer.",
    (Tenant("t", "Contoso", "contoso.com"),),
    (
        Subscription(_SUBSCRIPTION, "Production", "Enabled", "t"),
        Subscription("00000000-0000-4000-8000-000000000002", "Test <b>lab</b>", "Warned", "t"),
    ),
)  # fmt: skip
_STEPS = (
    TestStep("N1", "Name", StepState.PASSED, "n1.contoso.com is 10.1.0.11."),
    TestStep("N1", "Port", StepState.PASSED, "Port 5986 answers."),
    TestStep(
        "N1", "Certificate", StepState.FAILED,
        "The certificate is not for n1.contoso.com. It names n1.",
        "Use the name that stands in the certificate, or have one issued for this name.",
        "Hostname mismatch (code 62)",
    ),
    TestStep("N1", "Node module", StepState.NOT_TRIED, "Not tried: what it needs failed before."),
    TestStep("N2", "Name", StepState.PASSED, "n2.contoso.com is 10.1.0.12."),
    TestStep("N2", "Other nodes", StepState.NOTE, "The endpoint runs as a virtual account."),
)  # fmt: skip


def editor(which: str) -> Callable[[ClusterSnapshot, Path, str], QWidget]:
    def build(snapshot: ClusterSnapshot, folder: Path, scenario: str) -> QWidget:
        from console.ui.connections.profile_editor import ProfileEditor
        from console.ui.gallery_views import QuietBridge

        profile = PROFILES[1 if which == "custom" else 0]
        made = ProfileEditor(QuietBridge(), profile)  # type: ignore[arg-type]
        made.tabs.setCurrentIndex(1 if which == "cluster" else 0)
        if which in ("azure", "fleet"):
            made.azure.scope.setCurrentIndex(int(which == "fleet"))
            made.azure.show_account(_ACCOUNT, f"Signed in as {_ACCOUNT.name}. {_ACCOUNT.keeping}")
        elif which == "custom":
            made._running["sign_in"] = "t"
            made._on_sign_in(
                chores.SignInPrompted(
                    "t", "Open the page on any device and enter the code.",
                    "https://login.edge.example/device", "H7KQ-2MPZ",
                )
            )  # fmt: skip
        for step in _STEPS:
            made.steps.add(step)
        made._on_keyring(
            chores.KeyringTold("t", "Secret Service", True, "Secrets are kept in Secret Service.")
        )
        made._follow()
        return made

    return build


def listed(snapshot: ClusterSnapshot, folder: Path, scenario: str) -> QWidget:
    from console.ui.connections.profiles_dialog import ProfilesDialog

    dialog = ProfilesDialog()
    dialog.show_profiles(PROFILES)
    dialog.say(
        "1 imported; look at where it leads before you open it. Edge: https://arm.edge.example"
    )
    return dialog


def secret_wanted(snapshot: ClusterSnapshot, folder: Path, scenario: str) -> QWidget:
    from console.ui.connections.ask_secret import AskSecret, needed

    profile = replace(PROFILES[0], cluster=ClusterEndpoint({"N1": "n1"}, username="CONTOSO\\grace"))
    title, text = needed(profile)["cluster_password"]
    why = "Secrets end with this session, since the desktop's keyring does not answer."
    return AskSecret(title, f"{text}\n{why}")


def sign_in_again(which: str) -> Callable[[ClusterSnapshot, Path, str], QWidget]:
    def build(snapshot: ClusterSnapshot, folder: Path, scenario: str) -> QWidget:
        from console.ui.connections.sign_in_again import SignInAgain
        from console.ui.gallery_views import QuietBridge

        arm = PROFILES[1].arm
        assert arm is not None
        made = SignInAgain(QuietBridge(), arm)  # type: ignore[arg-type]
        answer: chores.Answer = chores.SignInPrompted(
            made._token, "Open the page on any device and enter the code.",
            "https://login.edge.example/device", "H7KQ-2MPZ",
        )  # fmt: skip
        if which == "failed":
            fault = Fault(
                FaultCode.SIGN_IN_REQUIRED, "The sign-in was not finished in time.",
                remedy="Try again; the code is good for 15 minutes.",
            )  # fmt: skip
            answer = chores.SignedIn(made._token, None, fault)
        made._take(answer)
        return made

    return build
