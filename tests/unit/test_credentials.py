"""Secrets are kept in a keyring that really keeps them, else in memory only."""

import keyring
import keyring.backend
import keyring.errors
import pytest
from keyring.backends import fail, null

from console.credentials import Credentials


class Remembering(keyring.backend.KeyringBackend):
    """A keyring in memory; ``limit`` plays the Windows vault's 1,280 characters."""

    priority = 1  # type: ignore[assignment]

    def __init__(self, limit: int = 4000) -> None:
        super().__init__()
        self.limit, self.kept = limit, dict[tuple[str, str], str]()
        self.is_locked = False

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.is_locked or len(password) > self.limit:
            raise keyring.errors.PasswordSetError("refused")
        self.kept[service, username] = password

    def get_password(self, service: str, username: str) -> str | None:
        if self.is_locked:
            raise keyring.errors.KeyringLocked("locked")
        return self.kept.get((service, username))

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError("absent")


@pytest.fixture
def backend() -> Remembering:
    before = keyring.get_keyring()
    mine = Remembering()
    keyring.set_keyring(mine)
    yield mine
    keyring.set_keyring(before)


def test_a_working_keyring_outlives_the_process(backend: Remembering) -> None:
    first = Credentials()
    assert first.probe()
    assert first.keep("op", "admin_password", "canary")
    second = Credentials()
    assert second.probe()
    assert second.recall("op", "admin_password") == "canary"
    second.forget("op", ("admin_password",))
    assert not backend.kept


@pytest.mark.parametrize("other", [null.Keyring(), fail.Keyring(), Remembering(limit=20)])
def test_a_keyring_that_does_not_keep_is_not_trusted(
    backend: Remembering, other: keyring.backend.KeyringBackend
) -> None:
    keyring.set_keyring(other)
    credentials = Credentials()
    assert not credentials.probe()
    assert credentials.keep("op", "admin_password", "canary") is False
    assert credentials.recall("op", "admin_password") == "canary"
    credentials.forget("op", ("admin_password",))
    assert credentials.recall("op", "admin_password") is None


def test_a_keyring_locked_later_loses_nothing_of_this_session(backend: Remembering) -> None:
    credentials = Credentials()
    credentials.probe()
    backend.is_locked = True
    assert credentials.keep("op", "admin_password", "canary") is False
    assert credentials.recall("op", "admin_password") == "canary"
