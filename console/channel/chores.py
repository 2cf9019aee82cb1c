"""Messages beside the running cluster: testing, signing in, keeping secrets; its stored past.

Each question has a token of the window's choice; answers carry it. A question is answered once by
its last message (``LAST``), after any number of steps or prompts.
"""

import msgspec

from console.model.change import Change
from console.model.connection import ArmEndpoint, AzureAccount, ConnectionProfile, TestStep
from console.model.fleet_moment import FleetMoment
from console.model.freshness import Fault
from console.model.moment import Moment
from console.model.performance import PerformanceHistory, TimeFrame


# -- window to worker --------------------------------------------------------------------------
class TestConnection(msgspec.Struct, frozen=True, tag="test_connection"):
    """Try a profile step by step. ``secrets`` as in ``Open``; those kept are used where empty."""

    __test__ = False

    token: str
    profile: ConnectionProfile
    secrets: dict[str, str] = {}


class SignInTo(msgspec.Struct, frozen=True, tag="sign_in_to"):
    """Have the person sign in to the profile's Azure, and see what the account sees.

    ``is_silent``: only look whether a kept sign-in still works; nobody is asked. Secrets that are
    not given are those kept for ``profile_id``.
    """

    token: str
    arm: ArmEndpoint
    secrets: dict[str, str] = {}
    is_silent: bool = False
    profile_id: str = ""


class SignOutOf(msgspec.Struct, frozen=True, tag="sign_out_of"):
    """Remove this sign-in's tokens from memory and from the OS's store."""

    token: str
    arm: ArmEndpoint


class DiscoverCloud(msgspec.Struct, frozen=True, tag="discover_cloud"):
    """Ask an address for /metadata/endpoints, without any token."""

    token: str
    url: str
    ca_file: str = ""
    proxy: str = ""


class KeepSecret(msgspec.Struct, frozen=True, tag="keep_secret"):
    """Keep a profile's secret in the OS keyring; an empty one is forgotten there."""

    token: str
    profile_id: str
    field: str
    secret: str


class ReadKeyring(msgspec.Struct, frozen=True, tag="read_keyring"):
    """Which keyring there is; and, for a profile, which of these fields it holds."""

    token: str
    profile_id: str = ""
    fields: tuple[str, ...] = ()


class ReadMoment(msgspec.Struct, frozen=True, tag="read_moment"):
    """What the open cluster was like at this moment (wall-clock seconds), as it is stored."""

    token: str
    at: float


class ReadFleetMoment(msgspec.Struct, frozen=True, tag="read_fleet_moment"):
    """What the fleet was like at this moment (wall-clock seconds), as far as it is stored."""

    token: str
    at: float


class ReadFleetChanges(msgspec.Struct, frozen=True, tag="read_fleet_changes"):
    """What changed of the fleet in a span of wall-clock time. ``subject``: ``vm:`` or ``cluster:``
    and an ARM id in lower case; empty: all.
    """

    token: str
    subject: str
    since: float
    until: float
    count: int = 500


class CompareFleet(msgspec.Struct, frozen=True, tag="compare_fleet"):
    """What of the fleet is other at ``until`` than it was at ``since`` (wall-clock seconds)."""

    token: str
    since: float
    until: float
    count: int = 2_000


class ReadPerformance(msgspec.Struct, frozen=True, tag="read_performance"):
    """What the open cluster remembers of a subject's figures (``Backend.read_performance``)."""

    token: str
    subject: str
    frame: TimeFrame


class GiveUpChore(msgspec.Struct, frozen=True, tag="give_up_chore"):
    """Nobody waits for the answer any more: stop asking."""

    token: str


# -- worker to window --------------------------------------------------------------------------
class StepTold(msgspec.Struct, frozen=True, tag="step_told"):
    token: str
    step: TestStep


class ConnectionTested(msgspec.Struct, frozen=True, tag="connection_tested"):
    """All steps were told. ``is_good``: none failed and none was left out."""

    token: str
    is_good: bool


class SignInPrompted(msgspec.Struct, frozen=True, tag="sign_in_prompted"):
    """What the person has to do now; ``url`` and ``code`` are for a sign-in by device code."""

    token: str
    text: str
    url: str = ""
    code: str = ""


class SignedIn(msgspec.Struct, frozen=True, tag="signed_in"):
    token: str
    account: AzureAccount | None
    fault: Fault | None = None


class SignedOut(msgspec.Struct, frozen=True, tag="signed_out"):
    """``text`` says what was removed, or what could not be."""

    token: str
    text: str
    is_done: bool


class CloudDiscovered(msgspec.Struct, frozen=True, tag="cloud_discovered"):
    token: str
    arm: ArmEndpoint | None
    name: str = ""
    fault: Fault | None = None


class KeyringTold(msgspec.Struct, frozen=True, tag="keyring_told"):
    """``text`` names the store for a person, and says why secrets end with the session if so."""

    token: str
    name: str
    is_durable: bool
    text: str
    held: tuple[str, ...] = ()


class MomentRead(msgspec.Struct, frozen=True, tag="moment_read"):
    """``fault``: what is stored could not be read."""

    token: str
    moment: Moment
    fault: Fault | None = None


class FleetMomentRead(msgspec.Struct, frozen=True, tag="fleet_moment_read"):
    """``fault``: why that cannot be told."""

    token: str
    moment: FleetMoment
    fault: Fault | None = None


class FleetChangesRead(msgspec.Struct, frozen=True, tag="fleet_changes_read"):
    """The newest first. ``back_to``: since when anything is kept; None: nothing is."""

    token: str
    changes: tuple[Change, ...]
    back_to: float | None = None


class FleetCompared(msgspec.Struct, frozen=True, tag="fleet_compared"):
    """The newest differences first; ``total`` of them there are. ``back_to`` as elsewhere."""

    token: str
    changes: tuple[Change, ...]
    total: int = 0
    back_to: float | None = None


class PerformanceRead(msgspec.Struct, frozen=True, tag="performance_read"):
    """``history`` None: the fault says why."""

    token: str
    history: PerformanceHistory | None = None
    fault: Fault | None = None


class SignInWanted(msgspec.Struct, frozen=True, tag="sign_in_wanted"):
    """The open connection waits for a person to sign in again; nothing is lost meanwhile."""

    reason: str


OfConnections = (
    TestConnection | SignInTo | SignOutOf | DiscoverCloud | KeepSecret | ReadKeyring | GiveUpChore
)
# Asked of a worker that is not there yet, these wait for the next one.
OfThePast = ReadMoment | ReadFleetMoment | ReadFleetChanges | CompareFleet | ReadPerformance
Ask = OfConnections | OfThePast
Answer = (
    StepTold
    | ConnectionTested
    | SignInPrompted
    | SignedIn
    | SignedOut
    | CloudDiscovered
    | KeyringTold
    | MomentRead
    | FleetMomentRead
    | FleetChangesRead
    | FleetCompared
    | PerformanceRead
)
LAST = (
    ConnectionTested,
    SignedIn,
    SignedOut,
    CloudDiscovered,
    KeyringTold,
    MomentRead,
    FleetMomentRead,
    FleetChangesRead,
    FleetCompared,
    PerformanceRead,
)
