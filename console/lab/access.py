"""Who may enter the lab: one bearer token for ARM, one user for the cluster nodes."""

import secrets
from dataclasses import dataclass, field


@dataclass(frozen=True)
class LabCredentials:
    """Made new for each run; never shown in a representation."""

    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    username: str = "LAB\\operator"
    password: str = field(default_factory=lambda: secrets.token_urlsafe(15), repr=False)
