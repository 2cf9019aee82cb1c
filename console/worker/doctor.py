"""``tlconsole doctor``: what this computer has for connecting, as text to copy, without secrets.

Reads only: profiles, versions, keyring by a trial secret of its own, proxies, and each profile's
addresses up to the certificate. Nobody is signed in and no password is used.
"""

import email.utils
import http.client
import importlib.metadata
import importlib.util
import os
import platform
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from console import profiles
from console.backends import endpoint_look
from console.credentials import Credentials
from console.model.connection import ArmEndpoint, ConnectionProfile, StepState, TestStep

PACKAGES = (
    "trusted-launch-console", "PySide6-Essentials", "azure-core", "azure-identity", "msal",
    "aiohttp", "pypsrp", "pyspnego", "keyring", "cryptography",
)  # fmt: skip
# Tokens and Kerberos tickets are refused when clocks are further apart.
_MOST_SKEW_S = 300
_NOTED_SKEW_S = 30
_S = StepState
_SIGNS = {_S.PASSED: "ok", _S.NOTE: "note", _S.FAILED: "FAILED", _S.NOT_TRIED: "not tried"}


@dataclass(frozen=True)
class Ground:
    """What is looked at, beside this computer; the tests give others."""

    profiles: tuple[ConnectionProfile, ...]
    settled: Callable[[ArmEndpoint], ArmEndpoint]
    why_tokens_are_not_kept: Callable[[], str]


def report(ground: Ground) -> Iterator[TestStep]:
    """Every finding as it comes; addresses take seconds where nobody answers."""
    yield from _computer()
    yield from _stores(ground)
    yield from _proxies(os.environ, urllib.request.getproxies())
    for profile in ground.profiles:
        yield from _addresses(profile, ground.settled)


def run(ground: Ground, say: Callable[[str], None]) -> int:
    """Print the report; 0 if nothing failed, else 1."""
    say(f"Trusted launch console, doctor, {time.strftime('%Y-%m-%d %H:%M:%S %z')}")
    failed = 0
    place = ""
    for step in report(ground):
        if step.where != place:
            place = step.where
            say(f"\n{place}")
        say(f"  {_SIGNS[step.state]:<9} {step.title}: {step.text}")
        for more in (step.remedy, step.detail):
            if more and step.state is not _S.PASSED:
                say(f"            {more}")
        failed += step.state is _S.FAILED
    say(f"\n{failed} failed." if failed else "\nNothing failed.")
    return 1 if failed else 0


def load(folder: Path, wanted: str) -> tuple[tuple[ConnectionProfile, ...], Iterable[str]]:
    """The profiles to look at, and what could not be read."""
    found, faults = profiles.load_all(folder)
    chosen = tuple(one for one in found if wanted in ("", one.id, one.name))
    return chosen, [fault.summary for fault in faults]


# -- this computer -----------------------------------------------------------------------------
def _computer() -> Iterator[TestStep]:
    where = "This computer"
    yield TestStep(where, "System", _S.PASSED, f"{platform.platform()}, {platform.machine()}")
    yield TestStep(where, "Python", _S.PASSED, sys.version.split()[0])
    for name in PACKAGES:
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            text = "Not installed, or not by pip."
            yield TestStep(where, name, _S.NOTE, text)
        else:
            yield TestStep(where, name, _S.PASSED, version)
    yield _kerberos(where)
    has_broker = importlib.util.find_spec("azure") and importlib.util.find_spec(
        "azure.identity.broker"
    )
    text = "Installed." if has_broker else "Not installed; the browser does the same."
    yield TestStep(where, "Sign-in by the operating system (broker)", _S.PASSED, text)


def _kerberos(where: str) -> TestStep:
    if sys.platform == "win32":
        return TestStep(where, "Kerberos", _S.PASSED, "Windows has it.")
    missing = [name for name in ("gssapi", "krb5") if importlib.util.find_spec(name) is None]
    if missing:
        return TestStep(
            where, "Kerberos", _S.NOTE, f"Not installed ({', '.join(missing)}).",
            "pip install 'trusted-launch-console[kerberos]'; without it nodes need NTLM.",
        )  # fmt: skip
    return TestStep(where, "Kerberos", _S.PASSED, "Installed.")


def _stores(ground: Ground) -> Iterator[TestStep]:
    where = "Secrets"
    credentials = Credentials()
    credentials.probe()
    state = _S.PASSED if credentials.is_durable else _S.NOTE
    yield TestStep(where, "Keyring", state, credentials.words)
    why = ground.why_tokens_are_not_kept()
    text = f"Sign-ins end with the session, since {why}." if why else "Kept by the system."
    yield TestStep(where, "Azure sign-ins", _S.NOTE if why else _S.PASSED, text)


def _proxies(environment: "os._Environ[str] | dict[str, str]", system: dict[str, str]) -> Iterator:  # type: ignore[type-arg]
    where = "Proxy"
    named = {name: value for name, value in environment.items() if name.lower().endswith("_proxy")}
    for name, value in sorted(named.items()):
        shown = value if name.lower() == "no_proxy" else without_secret(value)
        yield TestStep(where, name, _S.PASSED, shown)
    for scheme, value in sorted(system.items()):
        if value not in named.values():
            yield TestStep(where, f"System, {scheme}", _S.PASSED, without_secret(value))
    if not named and not system:
        yield TestStep(where, "None", _S.PASSED, "Azure is asked directly.")
    yield TestStep(where, "Nodes", _S.PASSED, "Cluster nodes are always asked directly.")


def without_secret(url: str) -> str:
    """A proxy's address without who signs in there."""
    try:
        parts = urlsplit(url if "//" in url else f"//{url}")
        host = f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"
    except ValueError:
        return "(not readable)"
    if parts.username is None:
        return url
    return urlunsplit((parts.scheme, f"***@{host}", "", "", ""))


# -- a profile's addresses ---------------------------------------------------------------------
def _addresses(
    profile: ConnectionProfile, settled: Callable[[ArmEndpoint], ArmEndpoint]
) -> Iterator[TestStep]:
    name = profile.name
    if profile.azure is not None:
        arm = settled(profile.azure)
        yield from _server(f"{name}: Azure", arm.url, arm.ca_file)
        yield _clock(f"{name}: Azure", arm)
        if arm.authority and urlsplit(arm.authority).netloc != urlsplit(arm.url).netloc:
            yield from _server(f"{name}: sign-in", arm.authority, arm.ca_file)
    if profile.cluster is not None:
        cluster = profile.cluster
        port = 5986 if cluster.use_tls else 5985
        for node, address in cluster.nodes.items():
            parts = urlsplit(f"//{address}")
            looked = endpoint_look.look(
                f"{name}: {node}", parts.hostname or "", parts.port or port, cluster.ca_file,
                has_tls=cluster.use_tls,
            )  # fmt: skip
            yield from looked.steps


def _server(where: str, url: str, ca_file: str) -> Iterator[TestStep]:
    parts = urlsplit(url)
    yield from endpoint_look.look(where, parts.hostname or "", parts.port or 443, ca_file).steps


def _clock(where: str, arm: ArmEndpoint) -> TestStep:
    """This computer's clock against the server's, which says its time with every answer."""
    parts = urlsplit(arm.url)
    try:
        connection = http.client.HTTPSConnection(
            parts.hostname or "", parts.port or 443, timeout=endpoint_look.CONNECT_S,
            context=endpoint_look.trust(arm.ca_file),
        )  # fmt: skip
        try:
            connection.request("GET", "/metadata/endpoints?api-version=2022-09-01")
            told = connection.getresponse().getheader("Date", "")
        finally:
            connection.close()
        skew = time.time() - email.utils.parsedate_to_datetime(told or "").timestamp()
    except (OSError, ValueError, TypeError, http.client.HTTPException) as error:
        return TestStep(
            where, "Clock", _S.NOT_TRIED, "Not compared: the server did not tell its time.",
            detail=type(error).__name__,
        )  # fmt: skip
    return clock_step(where, skew)


def clock_step(where: str, skew_s: float) -> TestStep:
    """``skew_s`` above 0: this computer is ahead."""
    way = "ahead of" if skew_s > 0 else "behind"
    text = f"{abs(skew_s):.0f} s {way} the server."
    if abs(skew_s) > _MOST_SKEW_S:
        remedy = "Set this computer's clock: sign-ins and certificates are refused like this."
        return TestStep(where, "Clock", _S.FAILED, text, remedy)
    if abs(skew_s) > _NOTED_SKEW_S:
        return TestStep(where, "Clock", _S.NOTE, text, "Look at this computer's time service.")
    return TestStep(where, "Clock", _S.PASSED, text)
