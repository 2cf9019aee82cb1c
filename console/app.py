"""Composition root of the window process and of the other commands."""

import argparse
import functools
import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from console import places
from console.instance_lock import InstanceLock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from PySide6.QtWidgets import QWidget

    from console.lab.child import LabChild
    from console.model.connection import ConnectionProfile
    from console.settings import Settings
    from console.ui.main_window import MainWindow
    from console.ui.session import OnGone, OnReady, Session
    from console.ui.shell.open_connections import OpenConnections
    from console.ui.shell.shell_window import ShellWindow


_TITLE = "Trusted launch console"
_NOTIFY_AFTER_MS = 2_000


def main(arguments: "Sequence[str] | None" = None) -> int:
    """Entry of ``tlconsole``. Returns the process's exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    # The two commands that the console runs as its own children come first: they start often.
    if words[:1] == ["worker"]:
        from console.worker import host

        return host.main()
    options = _parser().parse_args(words)
    if options.command == "lab":
        from console.lab import serve

        return serve.serve(
            options.scenario,
            json_output=options.json,
            stdin=sys.stdin,
            stdout=sys.stdout,
            seed=options.seed,
            control=options.control,
            tls_defect=options.tls,
        )
    if options.command == "snapshot":
        return (
            _print_fleet(options.scenario) if options.fleet else _print_snapshot(options.scenario)
        )
    if options.command == "doctor":
        from console.worker import host

        return host.doctor(places.config_folder(options.state_folder), options.of, print)
    if options.command == "audit":
        return _audit(options)
    return _run_console(options)


def profile_of_lab(
    endpoints: "Mapping[str, Any]",
) -> "tuple[ConnectionProfile, dict[str, str]]":
    """The lab's printed endpoints as a connection, with its secrets beside it."""
    import msgspec

    from console.model.connection import (
        ArmEndpoint,
        ClusterEndpoint,
        ConnectionKind,
        ConnectionProfile,
        FleetScope,
        SiteEndpoints,
    )

    arm, cluster = endpoints["arm"], endpoints["cluster"]
    azure = ArmEndpoint(
        url=arm["url"],
        subscription_ids=(arm["subscription_id"],),
        ca_file=arm["ca_file"],
        allowed_hosts=(arm["url"].removeprefix("https://"),),
    )
    nodes = ClusterEndpoint(
        nodes=cluster["nodes"],
        username=cluster["username"],
        auth=cluster["auth"],
        use_tls=True,
        ca_file=cluster["ca_file"],
        configuration_name="TrustedLaunchConsole",
    )
    around = tuple(endpoints.get("fleet", ()))
    fleet = None
    if around:
        sites = {cluster["arm_id"].lower(): SiteEndpoints(azure, nodes)}
        everything = msgspec.structs.replace(azure, subscription_ids=around)
        fleet = FleetScope(f"lab-{endpoints['scenario']}", everything, sites)
    profile = ConnectionProfile(
        id=f"lab-{endpoints['scenario']}",
        name=f"Lab ({endpoints['scenario']})",
        kind=ConnectionKind.LAB,
        # Of a fleet no cluster is open at first: nobody wants 500 connections.
        arm=None if fleet else azure,
        cluster=None if fleet else nodes,
        scenario=endpoints["scenario"],
        fleet=fleet,
    )
    return profile, {"arm_token": arm["token"], "cluster_password": cluster["password"]}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tlconsole",
        description="Console for Azure Local clusters: Trusted launch VMs, health, live migration.",
    )
    parser.add_argument("--lab", action="store_true", help="open on the embedded lab")
    parser.add_argument("--scenario", default="small", help="the lab's scenario (default: small)")
    parser.add_argument("--profile", default="", help="open this connection (its id)")
    parser.add_argument(
        "--state-folder", default="", help="where journal and settings live (default: this user's)"
    )
    parser.add_argument(
        "--helpdesk", action="store_true", help="only read, start and restart VMs in this window"
    )
    parser.set_defaults(command="")
    commands = parser.add_subparsers(title="other commands")
    lab = commands.add_parser("lab", help="run the lab alone; serves until its input closes")
    lab.set_defaults(command="lab")
    lab.add_argument("--scenario", default="small")
    lab.add_argument("--seed", type=int, default=1)
    lab.add_argument("--json", action="store_true", help="print the endpoints as one JSON object")
    lab.add_argument("--control", action="store_true", help="answer questions on standard input")
    lab.add_argument(
        "--tls",
        default="",
        choices=("", "wrong-name", "expired", "not-yet-valid", "untrusted"),
        help="spoil the servers' certificate, to see clients refuse it",
    )
    snapshot = commands.add_parser("snapshot", help="read a lab scenario and print it (gallery)")
    snapshot.set_defaults(command="snapshot")
    snapshot.add_argument("--scenario", default="small")
    snapshot.add_argument("--fleet", action="store_true", help="the fleet around it instead")
    doctor = commands.add_parser("doctor", help="what this computer has for connecting")
    doctor.set_defaults(command="doctor")
    doctor.add_argument("--of", default="", metavar="PROFILE", help="this connection only")
    doctor.add_argument(
        "--state-folder", default="", help="whose connections (default: this user's)"
    )
    audit = commands.add_parser("audit", help="verify or export the record of what was done")
    audit.set_defaults(command="audit")
    audit.add_argument("act", choices=("verify", "export"))
    audit.add_argument("file", nargs="?", default="", help="where to export to")
    audit.add_argument("--format", choices=("csv", "json"), default="csv")
    audit.add_argument("--state-folder", default="", help="whose log (default: this user's)")
    return parser


def _audit(options: argparse.Namespace) -> int:
    from console import homes
    from console.channel.messages import ExportFormat
    from console.worker import audit_command

    folder = places.state_folder(options.state_folder)
    # A home that never acted has no journal; of the state folder itself that is said.
    found = [home for home in homes.every(folder) if audit_command.has_log(home)] or [folder]
    if options.act == "verify":
        return max(audit_command.verify(home, print) for home in found)
    if not options.file:
        print("Name the file to export to.", file=sys.stderr)
        return audit_command.UNREADABLE
    wanted, kind = Path(options.file), ExportFormat(options.format)
    return max(
        audit_command.export(home, homes.numbered(wanted, number), kind, print)
        for number, home in enumerate(found)
    )


def _run_console(options: argparse.Namespace) -> int:
    """The window first, from what was known; the lab and the worker start behind it."""
    folder = places.state_folder(options.state_folder)
    lock = InstanceLock.acquire(folder, "window.lock")
    if lock is None and _is_open_already(folder, options):
        return 0
    from PySide6.QtCore import QTimer

    from console.ui import first_picture, fusion, milestones

    # Building the views makes many objects and no garbage: collecting waits for the first paint.
    gc.disable()
    application = fusion.make_application(sys.argv[0])
    application.setApplicationName(_TITLE)
    known = first_picture.load(folder, _TITLE)
    if known is not None:
        known.show_now(application)
        milestones.note("painted")
    window, session, _ = compose(
        options.state_folder,
        lab_name=options.scenario if options.lab else "",
        is_helpdesk=options.helpdesk,
    )
    from console.ui.shell import remembered
    from console.ui.shell.shell_window import ShellWindow

    scenario = options.scenario if options.lab else ""
    first = remembered.first_of(session.settings, options.profile, scenario)
    if first is not None:
        session.show_stored(remembered.connection_id(first))
    shell = ShellWindow(session.settings, window)
    opened: OpenConnections | None = None

    def begin() -> None:
        """After the first paint: what opens, edits and remembers connections."""
        nonlocal opened
        opened = open_connections(options, folder, shell, session)
        if lock is not None:
            _listen(folder, opened)
        opened.begin(options.profile, scenario)
        # Nothing can have happened yet that somebody would have to be told of.
        QTimer.singleShot(_NOTIFY_AFTER_MS, shell, functools.partial(_notify, folder, opened))

    window.painted.connect(lambda: QTimer.singleShot(0, window, begin))
    window.painted.connect(functools.partial(milestones.note, "live"))
    window.painted.connect(gc.enable)
    if known is not None:
        window.painted.connect(known.deleteLater)
    shell.closing.connect(functools.partial(first_picture.save, folder, shell))
    shell.show()
    code = application.exec()
    if opened is None:
        session.end()
    else:
        opened.end()
    if lock is not None:
        lock.release()
    return code


def _notify(folder: Path, opened: "OpenConnections") -> None:
    from console.ui.notifications import opening

    opening.begin(folder, opened)


def open_connections(
    options: argparse.Namespace, folder: Path, shell: "ShellWindow", session: "Session"
) -> "OpenConnections":
    """What opens connections in this window, with its first page; nothing is opened yet."""
    from console.ui.shell.open_connections import OpenConnections

    log = places.log_folder(folder) / "lab.log"
    settings = session.settings

    def start_lab(scenario: str, on_ready: "OnReady", on_gone: "OnGone") -> "LabChild":
        return _start_lab(scenario, log, on_ready, on_gone)

    def compose_page() -> "tuple[MainWindow, Session]":
        is_helpdesk = bool(getattr(options, "helpdesk", False))
        return compose(options.state_folder, is_helpdesk=is_helpdesk, settings=settings)[:2]

    config = places.config_folder(options.state_folder)
    opened = OpenConnections(shell, settings, folder, config, compose_page, start_lab)
    opened.check_computer = functools.partial(_check_computer, options.state_folder, shell)
    opened.adopt(session.window, session)
    return opened


def _check_computer(state_folder: str, window: "QWidget") -> None:
    """The ``doctor`` command in a window."""
    from console.ui.connections.doctor_window import DoctorWindow

    folder = ["--state-folder", state_folder] if state_folder else []
    DoctorWindow([sys.executable, "-m", "console", "doctor", *folder], window).show()


def _is_open_already(folder: Path, options: argparse.Namespace) -> bool:
    """Bring the window that has this state folder to the front; False if it does not answer."""
    from console.ui import one_window

    scenario = options.scenario if options.lab else ""
    shows = one_window.ask_to_raise(folder, options.profile, scenario)
    if shows is None:
        print(
            "A console of this user has this state folder open, but does not answer. "
            "This one opens beside it and can only look.",
            file=sys.stderr,
        )
        return False
    asked = " It was asked to open that connection too." if options.profile or scenario else ""
    print(f"The console is open already: {shows}. Its window was brought to the front.{asked}")
    return True


def _listen(folder: Path, opened: "OpenConnections") -> None:
    from console.ui.one_window import RaiseServer

    server = RaiseServer(folder, opened.shell.windowTitle, opened.shell)
    server.wanted.connect(opened.shell.come_to_front)
    server.wanted.connect(opened.open_named)


def compose(
    state_folder: str,
    lab_name: str = "",
    *,
    is_helpdesk: bool = False,
    settings: "Settings | None" = None,
) -> "tuple[MainWindow, Session, Path]":
    """One connection's part of the window process, joined; needs a QApplication. Nothing is
    started yet. ``settings`` are those of the window where it has a page already.
    """
    from console.ui import unread_sources

    unread_sources.leave_unread()  # first: it is about what is imported from here on
    from console import settings as settings_file
    from console.ui import theme
    from console.ui.bridge import Bridge
    from console.ui.main_window import MainWindow
    from console.ui.session import Session
    from console.ui.store import Store

    folder = places.state_folder(state_folder)
    fault = None
    if settings is None:
        settings, fault = settings_file.load(folder)
        theme.apply(settings.theme)
    logs = places.log_folder(folder)
    store = Store()
    bridge = Bridge(store, logs / "worker-output.log", is_helpdesk=is_helpdesk)
    window = MainWindow(store, bridge, settings, folder, lab_name, is_helpdesk=is_helpdesk)
    store.setParent(window)
    bridge.setParent(window)
    session = Session(store, bridge, window, settings, folder, _has_unfinished)
    if fault is not None:
        store.notice(fault)
    return window, session, folder


def _has_unfinished(folder: Path, connection_id: str) -> bool:
    """Asked once a connection at most, and not at the first one's start."""
    from console.worker.unfinished_elsewhere import has_unfinished

    return has_unfinished(folder, connection_id)


def _start_lab(scenario: str, log: Path, on_ready: "OnReady", on_gone: "OnGone") -> "LabChild":
    from console.lab.child import LabChild

    return LabChild(scenario, lambda endpoints: on_ready(*profile_of_lab(endpoints)), on_gone, log)


def _print_snapshot(scenario: str) -> int:
    """Read a lab over its sockets like any cluster and print the snapshot as msgpack (gallery)."""
    import queue
    import tempfile

    import msgspec

    from console.channel.messages import Open, SnapshotChanged, SnapshotReplaced
    from console.channel.packing import unpacked_change
    from console.channel.window_end import WorkerLink
    from console.model.connection import ConnectionProfile
    from console.model.inventory import Inventory

    arrived: queue.Queue[object] = queue.Queue()
    with tempfile.TemporaryDirectory(prefix="tlconsole-") as folder:
        lab = _start_lab(
            scenario, Path(folder) / "lab.log", lambda *opened: arrived.put(opened), arrived.put
        )
        link = WorkerLink(arrived.put, lambda fault, _times: arrived.put(fault.summary), _to_stderr)
        inventory = Inventory()
        try:
            while inventory.arm.read_at is None or inventory.cluster_wire.read_at is None:
                match arrived.get(timeout=60):
                    case (ConnectionProfile() as profile, dict() as secrets):
                        link.start(Open(profile, folder, secrets))
                    case SnapshotReplaced(snapshot=snapshot):
                        inventory.replace(snapshot)
                    case SnapshotChanged() as change:
                        inventory.apply(unpacked_change(change))
                    case str() as failure:
                        print(failure, file=sys.stderr)
                        return 1
        except queue.Empty:
            print("The lab did not answer within a minute.", file=sys.stderr)
            return 1
        finally:
            link.close()
            lab.stop()
    sys.stdout.buffer.write(msgspec.msgpack.encode(inventory.snapshot()))
    return 0


def _print_fleet(scenario: str) -> int:
    """Read a lab's fleet over its sockets and print it as msgpack (gallery); the quota is kept."""
    import queue
    import tempfile

    import msgspec

    from console.channel import stored_fleet
    from console.channel.messages import FleetTold, Open
    from console.channel.window_end import WorkerLink
    from console.model.connection import ConnectionProfile

    arrived: queue.Queue[object] = queue.Queue()
    with tempfile.TemporaryDirectory(prefix="tlconsole-") as name:
        folder = Path(name)
        lab = _start_lab(
            scenario, folder / "lab.log", lambda *opened: arrived.put(opened), arrived.put
        )
        link = WorkerLink(arrived.put, lambda fault, _times: arrived.put(fault.summary), _to_stderr)
        fleet_id, is_whole = "", False
        try:
            while not is_whole:
                match arrived.get(timeout=60):
                    case (ConnectionProfile() as profile, dict() as secrets):
                        if profile.fleet is None:
                            print(f"There is no fleet around {scenario}.", file=sys.stderr)
                            return 1
                        fleet_id = profile.fleet.id
                        link.start(Open(profile, name, secrets))
                    case FleetTold(readings=readings):
                        is_whole = bool(readings) and not any(r.is_going_on for r in readings)
                    case str() as failure:
                        print(failure, file=sys.stderr)
                        return 1
        except queue.Empty:
            print("The lab did not answer within a minute.", file=sys.stderr)
            return 1
        finally:
            # The worker stores what it knows when it leaves.
            link.close(10.0)
            lab.stop()
        stored = stored_fleet.load(folder, fleet_id)
    if stored is None:
        print("The fleet was not stored.", file=sys.stderr)
        return 1
    sys.stdout.buffer.write(msgspec.msgpack.encode(stored))
    return 0


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr)
