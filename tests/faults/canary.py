"""Passwords that must be nowhere: how one looks in six encodings, and where to search."""

import base64
import json
import os
import urllib.parse
from collections.abc import Iterable, Mapping
from pathlib import Path

import psutil

# What each secret field is given. The token and the cluster's password travel in headers.
CANARIES: Mapping[str, str] = {
    "arm_token": "Kanari-t0ken.Zx81-Qw/er+ty~9f2c",
    "cluster_password": "Kanari-clust3r.Pa55/w+rd~71be",
    "admin_password": 'Kanari-4dm1n"<&>\\Pä55/w+rd 3d0a',
    "domain_password": "Kanari-d0m4in'\"<é>\\Pa55/w+rd c4f8",
}


def forms(secret: str) -> dict[str, list[bytes]]:
    """The secret as raw, base64, hex, URL, JSON and UTF-16 would write it."""
    raw = secret.encode()
    in_json = json.dumps(secret)[1:-1]
    return {
        "raw": [raw],
        "base64": _base64_inside(raw) + _base64_inside(secret.encode("utf-16-le")),
        "hex": [raw.hex().encode(), raw.hex().upper().encode()],
        "URL": [
            urllib.parse.quote(secret, safe="").encode(),
            urllib.parse.quote(secret).encode(),
            urllib.parse.quote_plus(secret).encode(),
        ],
        "JSON": [
            in_json.encode(),
            json.dumps(secret, ensure_ascii=False)[1:-1].encode(),
            json.dumps(in_json)[1:-1].encode(),  # JSON inside JSON, as an error may quote it
        ],
        "UTF-16": [secret.encode("utf-16-le"), secret.encode("utf-16-be")],
    }


def _base64_inside(raw: bytes) -> list[bytes]:
    """What of it stays the same wherever it stands in a longer text: three alignments."""
    found = []
    for shift in range(3):
        text = base64.b64encode(bytes(shift) + raw)
        # The first and last characters also hold bits of the neighbours.
        found.append(text[4 if shift else 0 : len(text) // 4 * 4 - 4])
    return found


def hits_in(content: bytes, where: str) -> list[str]:
    """``field as encoding in where`` for every canary found."""
    return [
        f"{field} as {encoding} in {where}"
        for field, secret in CANARIES.items()
        for encoding, looks in forms(secret).items()
        if any(look in content for look in looks)
    ]


def hits_below(folders: Iterable[Path]) -> tuple[list[str], int]:
    """Canaries in the files of these folders, names included; and how many files there are."""
    found: list[str] = []
    count = 0
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            found += hits_in(str(path).encode(errors="replace"), f"the name of {path}")
            if path.is_file():
                count += 1
                found += hits_in(path.read_bytes(), str(path))
    return found, count


def hits_in_children() -> tuple[list[str], int]:
    """Canaries on the command lines and in the environment of this process's children."""
    found: list[str] = []
    children = psutil.Process(os.getpid()).children(recursive=True)
    for child in children:
        for name in ("cmdline", "environ"):
            try:
                content = Path(f"/proc/{child.pid}/{name}").read_bytes()
            except OSError:  # it is gone
                continue
            found += hits_in(content, f"{name} of {child.pid}")
    return found, len(children)
