"""The worker's log: a private file in the state folder, bounded, without secrets."""

import io
import logging
import logging.handlers
import os
import sys
from pathlib import Path
from typing import IO

from console.worker.redaction import Redaction

FILE_NAME = "worker.log"
_BYTES = 2 * 1024 * 1024
_KEPT = 3
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
# They print whole requests and SOAP bodies below WARNING.
_TALKATIVE = ("azure", "msal", "pypsrp", "spnego", "urllib3", "requests", "aiohttp", "asyncio")


class _WithoutSecrets(logging.Formatter):
    """Strikes secrets out of the whole line, tracebacks included; a line stays one line."""

    def __init__(self, redaction: Redaction) -> None:
        super().__init__(_FORMAT)
        self._redaction = redaction

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        return super().formatMessage(record).replace("\r", "\\r").replace("\n", "\\n")

    def format(self, record: logging.LogRecord) -> str:
        return self._redaction(super().format(record))


class _PrivateFile(logging.handlers.RotatingFileHandler):
    def _open(self) -> io.TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace")


def to_stderr(redaction: Redaction) -> None:
    """From the first moment: warnings go to stderr, which the window logs."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.WARNING)
    handler.setFormatter(_WithoutSecrets(redaction))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def to_file(folder: Path, redaction: Redaction) -> None:
    """Once the folder is known: everything goes to a file there too, if it can be written."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handler = _PrivateFile(folder / FILE_NAME, maxBytes=_BYTES, backupCount=_KEPT)
    except OSError as error:
        logging.getLogger(__name__).warning("no log file: %s", error)
        return
    handler.setFormatter(_WithoutSecrets(redaction))
    logging.getLogger().addHandler(handler)


def open_for_tracebacks(folder: Path) -> IO[str] | None:
    """The log again, unbuffered by logging, for what is written when this process is stuck."""
    try:
        descriptor = os.open(folder / FILE_NAME, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError:
        return None
    return os.fdopen(descriptor, "a", encoding="utf-8")
