"""Connection profiles on disk: one small file each, without any secret, for this user only.

A profile from elsewhere (``read_shared``) is data and nothing more: unknown fields are refused, the
addresses of Azure's clouds are taken from this console and never from the file, and no file of
this computer is named by it.
"""

import contextlib
import os
import re
import tempfile
import time
import uuid
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from console.model.connection import (
    ArmEndpoint,
    ClusterEndpoint,
    ConnectionProfile,
    SignIn,
    complaints,
)
from console.model.freshness import Fault, FaultCode

_FOLDER = "profiles"
_MOST_BYTES = 256 * 1024
_MOST_SHARED = 100
_FORMAT: Literal["trusted-launch-console-profiles"] = "trusted-launch-console-profiles"


Arm = TypeVar("Arm", ArmEndpoint, ArmEndpoint | None)


class _Shared(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: Literal["trusted-launch-console-profiles"]
    version: Literal[1]
    profiles: tuple[ConnectionProfile, ...]


class ProfileError(Exception):
    """A file that holds no profiles that could be used; its text is for the person."""


def new_id(name: str) -> str:
    """A short id that is in no other use, with something of the name in it."""
    word = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:24]
    return f"{word or 'profile'}-{uuid.uuid4().hex[:8]}"


def load_all(folder: Path) -> tuple[tuple[ConnectionProfile, ...], tuple[Fault, ...]]:
    """Profiles by name; a file that cannot be used is left where it is, and named."""
    found: list[ConnectionProfile] = []
    faults: list[Fault] = []
    for path in sorted((folder / _FOLDER).glob("*.json")):
        try:
            with path.open("rb") as file:
                profile = msgspec.json.decode(file.read(_MOST_BYTES), type=ConnectionProfile)
            against = complaints(profile)
            if profile.id != path.stem:
                against = ("Its id is not its file's name.",)
            if against:
                raise ValueError(" ".join(against))
        except (msgspec.MsgspecError, ValueError, OSError) as error:
            faults.append(_unreadable(path, error))
        else:
            found.append(profile)
    return tuple(sorted(found, key=lambda one: one.name.casefold())), tuple(faults)


def save(folder: Path, profile: ConnectionProfile) -> None:
    """All or nothing. Raises ProfileError for one that could not be used, OSError from the disk."""
    against = complaints(profile)
    if against:
        raise ProfileError(" ".join(against))
    place = folder / _FOLDER
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=place, prefix=".profile-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(profile)))
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, place / f"{profile.id}.json")
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def delete(folder: Path, profile_id: str) -> None:
    """Forget a profile; its secrets are the keyring's. Raises OSError."""
    (folder / _FOLDER / f"{profile_id}.json").unlink(missing_ok=True)


# -- to and from other people ------------------------------------------------------------------
def shared(profiles: tuple[ConnectionProfile, ...]) -> bytes:
    """A file to hand on: no secret, no account, no path of this computer."""
    clean = tuple(_without_this_computer(profile) for profile in profiles)
    return msgspec.json.format(msgspec.json.encode(_Shared(_FORMAT, 1, clean)))


def read_shared(path: Path) -> tuple[ConnectionProfile, ...]:
    """The profiles of a handed-on file, each under a new id. Raises ProfileError.

    What would point at this computer's files, at a signed-in account or at NTLM is left out: the
    person chooses it anew.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise ProfileError("The file is far too large for profiles.")
        found = msgspec.json.decode(data, type=_Shared).profiles
    except OSError as error:
        raise ProfileError(f"The file cannot be read: {error.strerror or error}.") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ProfileError(f"This is no file of profiles: {error}") from error
    if not found or len(found) > _MOST_SHARED:
        raise ProfileError(f"A file of profiles holds 1 to {_MOST_SHARED} of them.")
    clean = tuple(_without_this_computer(profile) for profile in found)
    for profile in clean:
        against = complaints(profile)
        if against:
            raise ProfileError(f"{profile.name[:80]!r}: {' '.join(against)}")
    return tuple(_under_a_new_id(one) for one in clean)


def _without_this_computer(profile: ConnectionProfile) -> ConnectionProfile:
    replace = msgspec.structs.replace
    fleet = profile.fleet
    if fleet is not None:
        sites = {
            arm_id: replace(site, arm=_clean_arm(site.arm), cluster=_clean_cluster(site.cluster))
            for arm_id, site in fleet.sites.items()
        }
        fleet = replace(fleet, arm=_clean_arm(fleet.arm), sites=sites)
    return replace(
        profile,
        arm=_clean_arm(profile.arm),
        cluster=_clean_cluster(profile.cluster),
        fleet=fleet,
    )


def _clean_arm(arm: Arm) -> Arm:
    if arm is None:
        return arm
    replace = msgspec.structs.replace
    sign_in = replace(arm.sign_in, account="", account_record="", certificate_file="")
    if sign_in.method == "certificate":
        # Without its file it would be no way to sign in at all.
        sign_in = SignIn(tenant_id=sign_in.tenant_id, client_id=sign_in.client_id)
    arm = replace(arm, ca_file="", sign_in=sign_in)
    # Where to sign in and who may see a token is never a file's word: a cloud's is
    # known here, a custom endpoint is asked again.
    return replace(arm, allowed_hosts=(), authority="", scope="", proxy="", proxy_user="")


def _clean_cluster(cluster: ClusterEndpoint | None) -> ClusterEndpoint | None:
    if cluster is None:
        return None
    auth = "kerberos" if cluster.auth == "negotiate" else cluster.auth
    return msgspec.structs.replace(cluster, ca_file="", auth=auth, allows_ntlm=False)


def _under_a_new_id(profile: ConnectionProfile) -> ConnectionProfile:
    named = new_id(profile.name)
    fleet = profile.fleet
    if fleet is not None:
        fleet = msgspec.structs.replace(fleet, id=named)
    return msgspec.structs.replace(profile, id=named, fleet=fleet)


def _unreadable(path: Path, error: Exception) -> Fault:
    return Fault(
        FaultCode.MALFORMED,
        f"The profile {path.name} could not be used.",
        remedy="Correct or delete the file; the other profiles are not touched.",
        kept="The file is left as it is.",
        detail=f"{type(error).__name__}: {error}"[:400],
        at=time.time(),
    )
