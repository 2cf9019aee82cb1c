"""Where sign-ins outlive the session: the OS's own store through azure-identity, or nowhere.

Windows keeps them by its Data Protection API, macOS in the Keychain, Linux in the desktop's keyring
(libsecret, which needs the distribution's python3-gi and gir1.2-secret-1). Where none works the
tokens stay in memory: never in a plain file.
"""

import functools
import hashlib
import importlib
import logging
import sys
import tempfile
from pathlib import Path
from typing import Any

from console.model.connection import ArmEndpoint

_log = logging.getLogger(__name__)
_NAME = "trusted-launch-console"


@functools.cache
def why_not_durable() -> str:
    """Why the OS cannot keep tokens here; empty if it can. Asks once; may block on a prompt."""
    if not sys.platform.startswith("linux"):
        return ""
    extensions = importlib.import_module("msal_extensions")
    with tempfile.TemporaryDirectory(prefix="tlconsole-") as folder:
        try:
            # Writes, reads and deletes a trial secret of its own.
            extensions.build_encrypted_persistence(str(Path(folder) / "probe"))
        except ImportError:
            return "libsecret's Python parts (python3-gi, gir1.2-secret-1) are not installed"
        except Exception as error:  # gi raises its own types: missing typelib, no bus, locked
            _log.info("no token store: %s", type(error).__name__)
            return "the desktop's keyring does not answer (no session bus, or it is locked)"
    return ""


class TokenCache:
    """The tokens of one sign-in. ``options`` is None where they stay in memory."""

    def __init__(self, arm: ArmEndpoint) -> None:
        from azure.identity import TokenCachePersistenceOptions

        sign_in = arm.sign_in
        who = "|".join((arm.authority, sign_in.tenant_id, sign_in.client_id, sign_in.method))
        self.why_not = why_not_durable()
        # One store a sign-in, so that signing out of one takes nothing from another.
        name = f"{_NAME}-{hashlib.sha256(who.encode()).hexdigest()[:16]}"
        self.options = (
            None
            if self.why_not
            else TokenCachePersistenceOptions(name=name, allow_unencrypted_storage=False)
        )

    @property
    def words(self) -> str:
        if not self.why_not:
            store = {"win32": "Windows", "darwin": "the Keychain"}.get(
                sys.platform, "the desktop's keyring"
            )
            return f"The sign-in is kept by {store} until you sign out."
        return f"The sign-in ends with this session, since {self.why_not}."

    def clear(self, credential: Any) -> bool:
        """Remove what this credential holds, also from the store. False if something stayed.

        azure-identity has no call for it, so msal's is used on the very cache of the credential.
        """
        is_clean = True
        for is_cae in (False, True):
            try:
                app = credential._get_app(enable_cae=is_cae)
                for account in app.get_accounts():
                    app.remove_account(account)
                # A service principal has no account: its tokens are removed one by one.
                cache = app.token_cache
                for token in list(cache.search(cache.CredentialType.ACCESS_TOKEN)):
                    cache.remove_at(token)
                is_clean = is_clean and not any(
                    list(cache.search(kind))
                    for kind in (
                        cache.CredentialType.ACCESS_TOKEN,
                        cache.CredentialType.REFRESH_TOKEN,
                        cache.CredentialType.ID_TOKEN,
                    )
                )
            except Exception as error:  # whatever a store throws, the answer is "not sure"
                _log.warning("a sign-in could not be removed: %s", type(error).__name__)
                is_clean = False
        return is_clean
