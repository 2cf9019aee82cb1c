"""The only file that imports keyring: secrets in the OS keyring, else in memory, never in a file.

Used in the worker process only: a keyring may show a prompt of its own and block.
"""

import hashlib
import secrets as random_source

_SERVICE = "trusted-launch-console"
# Backends that answer without keeping anything, or keep it in clear (research/qt.md section 7).
_REFUSED_BACKENDS = ("keyring.backends.null", "keyring.backends.fail", "keyrings.alt")
# The Windows vault holds 1,280 characters; a probe of one byte would pass and a password fail.
_PROBE_LENGTH = 1000


class Credentials:
    """Secrets of operations, by operation id and field, until ``forget``.

    ``is_durable``: they outlive this process. A keyring that fails in use turns it off.
    """

    def __init__(self) -> None:
        self._memory: dict[str, str] = {}
        self.store_name = "memory of this session"
        self.is_durable = False
        self.why_not = "the keyring was not asked yet"

    def probe(self) -> bool:
        """Find out by a round trip whether the OS keyring really keeps a secret."""
        import keyring
        import keyring.errors

        backend = keyring.get_keyring()
        if type(backend).__module__.startswith(_REFUSED_BACKENDS):
            self.why_not = "this session has no keyring"
            return False
        name, value = f"probe:{random_source.token_hex(8)}", "p" * _PROBE_LENGTH
        try:
            keyring.set_password(_SERVICE, name, value)
            kept = keyring.get_password(_SERVICE, name) == value
            keyring.delete_password(_SERVICE, name)
        except keyring.errors.KeyringLocked:
            self.why_not = f"{backend.name} is locked"
            return False
        except (keyring.errors.KeyringError, OSError, RuntimeError) as error:
            self.why_not = f"{backend.name} failed: {type(error).__name__}"
            return False
        self.why_not = "" if kept else f"{backend.name} does not keep what it is given"
        if kept:
            self.store_name, self.is_durable = str(backend.name), True
        return kept

    @property
    def words(self) -> str:
        """Where secrets are kept, for a person to read."""
        if self.is_durable:
            return f"Secrets are kept in {self.store_name}."
        return (
            f"Secrets are kept in memory until the console closes, since {self.why_not}. "
            "You will be asked again at the next start."
        )

    def keep(self, operation_id: str, field: str, secret: str) -> bool:
        """Keep a secret; True if it will survive a restart of the console."""
        name = f"{operation_id}:{field}"
        self._memory[name] = secret
        if not self.is_durable:
            return False
        import keyring
        import keyring.errors

        try:
            keyring.set_password(_SERVICE, name, secret)
        except (keyring.errors.KeyringError, OSError, RuntimeError):
            self.is_durable, self.why_not = False, f"{self.store_name} failed in use"
            return False
        return True

    def recall(self, operation_id: str, field: str) -> str | None:
        name = f"{operation_id}:{field}"
        if name in self._memory or not self.is_durable:
            return self._memory.get(name)
        import keyring
        import keyring.errors

        try:
            return keyring.get_password(_SERVICE, name)
        except (keyring.errors.KeyringError, OSError, RuntimeError):
            return None

    def forget(self, operation_id: str, fields: tuple[str, ...]) -> None:
        """Remove an operation's secrets from memory and keyring."""
        for field in fields:
            name = f"{operation_id}:{field}"
            self._memory.pop(name, None)
            if not self.is_durable:
                continue
            import keyring
            import keyring.errors

            try:
                keyring.delete_password(_SERVICE, name)
            except (keyring.errors.KeyringError, OSError, RuntimeError):
                continue

    def keep_anchor(self, folder: str, number: int, digest: str) -> None:
        """Remember the newest audit entry of this state folder outside its file.

        Only a keyring is outside: without one nothing is kept, and a cut end cannot be noticed.
        """
        if self.is_durable:
            self.keep(_anchor_of(folder), "audit", f"{number}:{digest}")

    def recall_anchor(self, folder: str) -> tuple[int, str] | None:
        """Number and hash (hex) of the newest audit entry that was remembered."""
        found = self.recall(_anchor_of(folder), "audit") if self.is_durable else None
        number, _, digest = (found or "").partition(":")
        return (int(number), digest) if number.isdecimal() else None


def _anchor_of(folder: str) -> str:
    """A name of bounded length for a folder: keyrings limit names too."""
    return "anchor-" + hashlib.sha256(folder.encode(errors="surrogateescape")).hexdigest()[:32]
