"""Which connection is the first at this start. Light: it is known before the first paint."""

from console.model.connection import ConnectionKind, ConnectionProfile, site_id
from console.settings import OpenTab, Settings


def lab_profile(scenario: str) -> ConnectionProfile:
    """The embedded lab with this scenario, as a connection."""
    return ConnectionProfile(
        f"lab-{scenario}", f"Lab ({scenario})", ConnectionKind.LAB, scenario=scenario
    )


def first_of(settings: Settings, profile_id: str, scenario: str) -> OpenTab | None:
    """What was asked for, else what was looked at last; None where nothing is remembered."""
    known = settings.open_tabs
    if scenario:
        lab = lab_profile(scenario)
        return OpenTab(lab.id, scenario, name=lab.name)
    if profile_id:
        wanted = (tab for tab in known if tab.profile == profile_id and not tab.site)
        return next(wanted, OpenTab(profile_id))
    if not known:
        return None
    return known[min(max(settings.current_tab, 0), len(known) - 1)]


def connection_id(tab: OpenTab) -> str:
    """The id under which snapshot and journal of this connection are kept."""
    return site_id(tab.profile, tab.site) if tab.site else tab.profile
