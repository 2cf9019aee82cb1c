"""A picture of any view: ``python -m console.ui.gallery VIEW --scenario S --theme T --out F``.

The scenario is read from a lab over its sockets, by the console itself (``console snapshot``), or
from a file that it printed before (``--snapshot``). ``--list`` names the views.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from console.model.snapshot import ClusterSnapshot

_SETTLE_ROUNDS = 30


def read_scenario(name: str) -> ClusterSnapshot:
    """The scenario as the console reads it from a lab. Raises CalledProcessError."""
    answer = subprocess.run(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "console", "snapshot", "--scenario", name],
        capture_output=True,
        check=True,
    )
    return msgspec.msgpack.decode(answer.stdout, type=ClusterSnapshot)


def freshened(snapshot: ClusterSnapshot) -> ClusterSnapshot:
    """The same, read just now: a stored picture of a fresh cluster is not stale."""
    now = time.time()
    replace = msgspec.structs.replace
    return replace(
        snapshot,
        arm=replace(snapshot.arm, read_at=now),
        cluster_wire=replace(snapshot.cluster_wire, read_at=now),
        nodes=tuple(replace(n, read_at=now if n.read_at else None) for n in snapshot.nodes),
    )


def main(arguments: list[str] | None = None) -> int:
    from console.ui import gallery_views

    parser = argparse.ArgumentParser(prog="console.ui.gallery", description=__doc__)
    parser.add_argument("view", nargs="?", choices=sorted(gallery_views.VIEWS))
    parser.add_argument("--scenario", default="small")
    parser.add_argument("--snapshot", type=Path, help="a file made by 'console snapshot'")
    parser.add_argument("--theme", default="light", choices=("light", "dark", "contrast"))
    parser.add_argument("--size", default="1360x860", help="WIDTHxHEIGHT")
    parser.add_argument("--scale", default="1", help="device pixels a point, as 1.5")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--list", action="store_true", help="name the views and leave")
    options = parser.parse_args(arguments)
    if options.list or options.view is None or options.out is None:
        print("\n".join(sorted(gallery_views.VIEWS)))  # noqa: T201 - this is its output
        return 0 if options.list else 2
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ["QT_SCALE_FACTOR"] = options.scale
    if options.snapshot is not None:
        data = options.snapshot.read_bytes()
        snapshot = msgspec.msgpack.decode(data, type=ClusterSnapshot)
    else:
        snapshot = read_scenario(options.scenario)
    width, height = (int(part) for part in options.size.split("x"))
    return _draw(options, freshened(snapshot), width, height)


def _draw(options: argparse.Namespace, snapshot: ClusterSnapshot, width: int, height: int) -> int:
    from PySide6.QtWidgets import QApplication

    from console.ui import gallery_views, theme

    application = QApplication([])
    theme.apply(options.theme)
    with tempfile.TemporaryDirectory(prefix="tlconsole-gallery-") as folder:
        widget = gallery_views.VIEWS[options.view](snapshot, Path(folder), options.scenario)
        widget.resize(width, height)
        widget.show()
        gallery_views.settle(application, _SETTLE_ROUNDS)
        is_saved = widget.grab().save(str(options.out))
        widget.close()
        widget.deleteLater()
        gallery_views.settle(application, 3)
    return 0 if is_saved else 1


if __name__ == "__main__":
    sys.exit(main())
