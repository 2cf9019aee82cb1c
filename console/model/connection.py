"""How a cluster and its Azure plane are reached: profiles, which never hold a secret."""

import enum
import hashlib
import re
from urllib.parse import urlsplit

import msgspec


class ConnectionKind(enum.StrEnum):
    LAB = "lab"
    AZURE_LOCAL = "azure_local"


class SignInMethod(enum.StrEnum):
    """Ways to a token; a profile names one, and none is tried behind another's back."""

    NONE = "none"  # the lab's own token, handed over at the opening
    BROWSER = "browser"
    BROKER = "broker"  # the operating system's, where azure-identity-broker is installed
    DEVICE_CODE = "device_code"
    AZURE_CLI = "azure_cli"
    MANAGED_IDENTITY = "managed_identity"
    WORKLOAD_IDENTITY = "workload_identity"
    CERTIFICATE = "certificate"  # a service principal's


# A person has to act for these, and may be asked again; the others answer by themselves.
INTERACTIVE = frozenset({SignInMethod.BROWSER, SignInMethod.BROKER, SignInMethod.DEVICE_CODE})


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who asks Azure, and how. Ids are no secrets; ``certificate_file`` names a PEM or PFX file."""

    method: SignInMethod = SignInMethod.NONE
    tenant_id: str = ""
    client_id: str = ""  # of the own app registration or the service principal
    certificate_file: str = ""
    # What azure-identity's AuthenticationRecord tells of the account: which one, no token.
    account: str = ""
    account_record: str = ""


class ArmEndpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where ARM is. ``ca_file`` empty: system store. ``allowed_hosts``: who may see a token.

    ``cloud`` is an id of resources/clouds.toml, or ``custom``: then ``authority`` and ``scope``
    are what the endpoint itself told at /metadata/endpoints. ``proxy``: ``http://host:port``; empty
    is the system's. Its password is a secret beside the profile.
    """

    url: str
    subscription_ids: tuple[str, ...] = ()
    ca_file: str = ""
    allowed_hosts: tuple[str, ...] = ()
    cloud: str = "custom"
    authority: str = ""
    scope: str = ""
    sign_in: SignIn = SignIn()
    proxy: str = ""
    proxy_user: str = ""


class ClusterEndpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How cluster nodes are reached. ``nodes`` maps node name to host:port, asked in order.

    ``auth``: ``kerberos``, ``negotiate`` (Kerberos, else NTLM; only where ``allows_ntlm``), or
    ``basic`` (the lab's). An empty user name is the signed-in user's own ticket. Without
    ``use_tls`` every message is sealed by Kerberos or NTLM; there is no plain way.
    """

    nodes: dict[str, str]
    username: str = ""
    auth: str = "kerberos"
    use_tls: bool = True
    ca_file: str = ""
    configuration_name: str = "TrustedLaunchConsole"
    allows_ntlm: bool = False


class SiteEndpoints(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one cluster of a fleet is opened: Azure narrowed to it, and its nodes if known."""

    arm: ArmEndpoint | None = None
    cluster: ClusterEndpoint | None = None


class FleetScope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Many clusters, read through Azure Resource Graph with ``arm``'s subscriptions (empty: all).

    ``id`` is the one of the profile; ``sites``: by lower-case ARM id, clusters that can be opened.
    """

    id: str
    arm: ArmEndpoint
    sites: dict[str, SiteEndpoints] = {}


class ConnectionProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to connect to; secrets travel beside it in ``Open.secrets``, never in it."""

    id: str
    name: str
    kind: ConnectionKind
    arm: ArmEndpoint | None = None
    cluster: ClusterEndpoint | None = None
    scenario: str = ""  # of a lab
    fleet: FleetScope | None = None

    @property
    def azure(self) -> ArmEndpoint | None:
        """How Azure is reached: for one cluster, or for a whole fleet."""
        return self.arm if self.arm is not None or self.fleet is None else self.fleet.arm


def site_id(fleet_id: str, arm_id: str) -> str:
    """The connection id of one cluster of a fleet; ``arm_id`` in lower case."""
    return f"{fleet_id[:37]}-{hashlib.sha256(arm_id.encode()).hexdigest()[:10]}"


def site_profile(profile: ConnectionProfile, arm_id: str, name: str) -> ConnectionProfile:
    """One cluster of the fleet, as a connection of its own: the fleet is read on where it is.

    KeyError: nobody told how to reach that one.
    """
    assert profile.fleet is not None
    site = profile.fleet.sites[arm_id]
    return msgspec.structs.replace(
        profile,
        id=site_id(profile.fleet.id, arm_id),
        name=name,
        arm=site.arm,
        cluster=site.cluster,
        fleet=None,
    )


class StepState(enum.StrEnum):
    PASSED = "passed"
    NOTE = "note"  # works, and there is something to know
    FAILED = "failed"
    NOT_TRIED = "not_tried"  # something before it failed


class TestStep(msgspec.Struct, frozen=True):
    """One thing that a connection needs, and how it stands; ``where`` is a node, or Azure."""

    __test__ = False  # not a test, whatever pytest reads in its name

    where: str
    title: str
    state: StepState
    text: str
    remedy: str = ""
    detail: str = ""


class AzureAccount(msgspec.Struct, frozen=True):
    """What a sign-in led to. ``is_kept``: the token outlives this session, in the OS's store."""

    name: str = ""
    record: str = ""
    is_kept: bool = False
    keeping: str = ""  # where it is kept, or why it is not, in words
    tenants: tuple["Tenant", ...] = ()
    subscriptions: tuple["Subscription", ...] = ()


class Tenant(msgspec.Struct, frozen=True):
    id: str
    name: str = ""
    domain: str = ""


class Subscription(msgspec.Struct, frozen=True):
    id: str
    name: str = ""
    state: str = ""
    tenant_id: str = ""


_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,47}(?!\n)\Z")
_NODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}(?!\n)\Z")
_HOST = re.compile(
    r"(\[[0-9A-Fa-f:.]{2,45}(%[A-Za-z0-9]+)?\]|[A-Za-z0-9]([A-Za-z0-9.-]{0,252}))"
    r"(:[0-9]{1,5})?(?!\n)\Z"
)
_GUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?!\n)\Z")
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}(?!\n)\Z")
_CONFIGURATION = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,119}(?!\n)\Z")
_USER = re.compile(r"[^\x00-\x1f\x7f]{0,256}\Z")
MOST_NODES = 64
AUTHS = ("kerberos", "negotiate", "basic")


def complaints(profile: ConnectionProfile) -> tuple[str, ...]:
    """What stands against using this profile, one sentence each; nothing is looked up."""
    found: list[str] = []
    if not _ID.match(profile.id):
        found.append("Its id holds other signs than small letters, digits and hyphens.")
    if not profile.name.strip() or len(profile.name) > 80 or not profile.name.isprintable():
        found.append("It needs a name of at most 80 visible characters.")
    if profile.kind is ConnectionKind.LAB:
        if profile.arm is not None or profile.cluster is not None:
            found.append("A lab's addresses are made when it starts; a profile names none.")
        if not _ID.match(profile.scenario):
            found.append("It names no scenario of the lab.")
        return tuple(found)
    if profile.arm is None and profile.cluster is None and profile.fleet is None:
        found.append("It names neither Azure nor a node of a cluster.")
    if profile.arm is not None:
        found += _about_arm(profile.arm)
    if profile.cluster is not None:
        found += _about_cluster(profile.cluster)
        if profile.cluster.auth == "basic":
            found.append("Basic is for the lab only.")
    if profile.fleet is not None:
        if profile.fleet.id != profile.id:
            found.append("Its fleet carries the id of another connection.")
        found += _about_arm(profile.fleet.arm)
        for site in profile.fleet.sites.values():
            found += _about_arm(site.arm) if site.arm is not None else []
            found += _about_cluster(site.cluster) if site.cluster is not None else []
    return tuple(found)


def _about_arm(arm: ArmEndpoint) -> list[str]:
    found = []
    parts = urlsplit(arm.url)
    if parts.scheme != "https" or not _HOST.match(parts.netloc) or parts.query or parts.fragment:
        found.append("Azure's address has to be https:// and a host name.")
    for text, what in ((arm.authority, "sign-in"), (arm.scope, "token")):
        if text and not text.startswith("https://"):
            found.append(f"The {what} address has to be https://.")
    proxy = urlsplit(arm.proxy)
    if arm.proxy and (proxy.scheme != "http" or not _HOST.match(proxy.netloc) or proxy.path):
        found.append("The proxy has to be http:// and a host with its port, without a user.")
    if not _USER.match(arm.proxy_user):
        found.append("The proxy's user name holds characters that cannot be seen.")
    found += [
        f"{one} is not a subscription's id." for one in arm.subscription_ids if not _GUID.match(one)
    ]
    found += [f"{one} is not a host." for one in arm.allowed_hosts if not _HOST.match(one)]
    sign_in = arm.sign_in
    if sign_in.tenant_id and not _TENANT.match(sign_in.tenant_id):
        found.append("The tenant is an id or a domain name.")
    if sign_in.client_id and not _GUID.match(sign_in.client_id):
        found.append("The application's (client's) id has to be a GUID.")
    if sign_in.method is SignInMethod.CERTIFICATE and not (
        sign_in.tenant_id and sign_in.client_id and sign_in.certificate_file
    ):
        found.append("A service principal needs a tenant, a client id and a certificate file.")
    return found


def _about_cluster(cluster: ClusterEndpoint) -> list[str]:
    found = []
    if not cluster.nodes:
        found.append("It names no node of the cluster.")
    if len(cluster.nodes) > MOST_NODES:
        found.append(f"A cluster has at most {MOST_NODES} nodes here.")
    for name, address in cluster.nodes.items():
        port = urlsplit(f"//{address}").netloc.rpartition(":")[2] if _HOST.match(address) else ""
        if not _NODE.match(name) or not _HOST.match(address):
            found.append(f"{name or 'A node'}: {address or 'nothing'} is not a node's address.")
        elif port.isdecimal() and ":" in address and not address.endswith("]"):
            found += [f"{name}: {port} is not a port."] if not 0 < int(port) < 65536 else []
    if cluster.auth not in AUTHS:
        found.append("The way to sign in to nodes is Kerberos or Negotiate.")
    if cluster.auth == "negotiate" and not cluster.allows_ntlm:
        found.append("Negotiate may end in NTLM, which this profile does not allow.")
    if not _CONFIGURATION.match(cluster.configuration_name):
        found.append("The endpoint's (session configuration's) name is not one.")
    if not _USER.match(cluster.username):
        found.append("The user name holds characters that cannot be seen.")
    return found
