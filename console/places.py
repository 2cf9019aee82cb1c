"""Where this user's state lives. Light on purpose: it is needed before the first paint."""

from pathlib import Path

APPLICATION = "trusted-launch-console"


def state_folder(override: str = "") -> Path:
    """Where settings, journal and stored snapshots live: private to this user (0700)."""
    if override:
        folder = Path(override)
    else:
        import platformdirs

        folder = Path(platformdirs.user_data_path(APPLICATION, False))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def config_folder(override: str = "") -> Path:
    """Where connection profiles live: what a person set up, apart from what the console keeps."""
    if override:
        return state_folder(override)
    import platformdirs

    folder = Path(platformdirs.user_config_path(APPLICATION, False))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def log_folder(state: Path) -> Path:
    """Where the worker and the lab write what they would have printed; private like the rest."""
    folder = state / "logs"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder
