"""Affinity rules, anti-affinity classes, balancing: what a move breaks and whom it draws along."""

import msgspec
import pytest

from console.checks.moves import findings_for_request, judge_moves
from console.checks.situation import Situation
from console.model.finding import Finding, NodeVerdict, Severity, Verdict
from console.model.inventory import Inventory
from console.model.placement import AffinityKind, AffinityRule, BalancingMode
from console.model.request import LiveMigrate
from console.model.snapshot import SnapshotDelta
from console.model.virtual_machine import PowerState, VirtualMachine
from tests.ui.sample import snapshot

replace = msgspec.structs.replace
K = AffinityKind
B, N = Severity.BLOCKS, Severity.NOTE


class Site:
    """Four nodes in two racks: app-01 on N1, app-02 on N2 (both rack A), app-04 on N3."""

    def __init__(self) -> None:
        self.inventory = Inventory(snapshot("small"))
        homes = {"app-01": "LAB-N1", "app-02": "LAB-N2", "app-04": "LAB-N3"}
        for name, home in homes.items():
            self.change(name, owner_node=home)
        for number, node in enumerate(list(self.inventory.nodes.values())):
            self.inventory.nodes[node.name] = replace(node, fault_domain="AABB"[number])
        self.cluster(migration_encrypted=True, release="2605")

    def vm(self, name: str) -> VirtualMachine:
        found = self.inventory.vm_named(name)
        assert found is not None
        return found

    def change(self, name: str, **facts: object) -> None:
        vm = self.vm(name)
        assert vm.cluster is not None
        changed = replace(vm, cluster=replace(vm.cluster, **facts))
        self.inventory.apply(SnapshotDelta(upserted=(changed,)))

    def cluster(self, **facts: object) -> None:
        self.inventory.apply(SnapshotDelta(cluster=replace(self.inventory.cluster, **facts)))

    def rule(self, kind: AffinityKind, *names: str, enabled: bool = True) -> None:
        self.cluster(affinity_rules=(AffinityRule("R", kind, names, enabled),))

    def judge(self, *names: str) -> dict[str, NodeVerdict]:
        keys = [self.vm(name).key for name in names]
        verdicts = judge_moves(self.inventory, keys, [], self.now)
        return {verdict.node.removeprefix("LAB-"): verdict for verdict in verdicts}

    @property
    def now(self) -> float:
        return self.inventory.cluster_wire.read_at or 0.0


@pytest.fixture
def site() -> Site:
    return Site()


def of(verdict: NodeVerdict, check: str = "affinity_is_kept") -> list[Finding]:
    return [finding for finding in verdict.findings if finding.check == check]


def test_without_rules_nothing_is_said_and_a_move_fits(site: Site) -> None:
    assert {name: each.verdict for name, each in site.judge("app-01").items()} == {
        "N1": Verdict.CANNOT, "N2": Verdict.FITS, "N3": Verdict.FITS, "N4": Verdict.FITS,
    }  # fmt: skip


def test_rules_that_nobody_could_read_are_a_note(site: Site) -> None:
    site.cluster(affinity_rules=None)
    verdicts = site.judge("app-01")
    assert verdicts["N2"].verdict is Verdict.FITS_WITH_NOTES
    assert "could not be read" in of(verdicts["N2"])[0].text
    assert not of(verdicts["N1"])


def test_different_nodes_refuse_the_node_of_the_other(site: Site) -> None:
    site.rule(K.DIFFERENT_NODE, "APP-01", "app-02")
    verdicts = site.judge("app-01")
    (finding,) = of(verdicts["N2"])
    assert (finding.severity, finding.source != "") == (B, True)
    assert finding.text == "Rule “R” keeps app-01 apart from app-02 on LAB-N2."
    assert "move app-02 away first" in finding.remedy
    assert verdicts["N3"].verdict is Verdict.FITS
    # Both to one node break it everywhere, also on the node that one of them is on.
    both = site.judge("app-01", "app-02")
    assert {each.verdict for each in both.values()} == {Verdict.CANNOT}
    assert "keeps app-01 and app-02 apart" in of(both["N3"])[0].text


@pytest.mark.parametrize("names", [("app-01", "app-02"), ("app-01",)])
def test_a_rule_that_is_off_or_of_one_alone_says_nothing(site: Site, names: tuple[str]) -> None:
    site.rule(K.DIFFERENT_NODE, *names, enabled=len(names) == 1)
    assert site.judge("app-01")["N2"].verdict is Verdict.FITS


def test_different_fault_domains_refuse_the_rack_of_the_other(site: Site) -> None:
    site.rule(K.DIFFERENT_FAULT_DOMAIN, "app-01", "app-04")
    verdicts = site.judge("app-01")
    assert verdicts["N2"].verdict is Verdict.FITS
    for name in ("N3", "N4"):
        (finding,) = of(verdicts[name])
        assert finding.severity is B
        assert "app-04" in finding.text


def test_a_fault_domain_that_is_not_known_is_a_note(site: Site) -> None:
    site.rule(K.DIFFERENT_FAULT_DOMAIN, "app-01", "app-04")
    node = site.inventory.nodes["LAB-N3"]
    site.inventory.nodes["LAB-N3"] = replace(node, fault_domain=None)
    assert [finding.severity for finding in of(site.judge("app-01")["N2"])] == [N]


def test_nodes_without_racks_are_fault_domains_of_their_own(site: Site) -> None:
    site.rule(K.DIFFERENT_FAULT_DOMAIN, "app-01", "app-04")
    for name, node in site.inventory.nodes.items():
        site.inventory.nodes[name] = replace(node, fault_domain="")
    verdicts = site.judge("app-01")
    assert of(verdicts["N3"])[0].severity is B
    assert verdicts["N4"].verdict is Verdict.FITS


def test_what_belongs_together_comes_along_and_is_counted(site: Site) -> None:
    alone = site.judge("app-01")["N4"]
    site.rule(K.SAME_NODE, "app-01", "app-02")
    drawn = site.vm("app-02")
    verdicts = site.judge("app-01")
    target = verdicts["N4"]
    assert target.also_moves == (drawn.key,)
    assert alone.memory_after_mib is not None
    assert target.memory_after_mib == alone.memory_after_mib + (drawn.memory_mib or 0)
    assert target.duration_s is not None
    assert alone.duration_s is not None
    assert target.duration_s[1] > alone.duration_s[1]
    (finding,) = of(target)
    assert (finding.severity, "app-02 comes along" in finding.text) == (N, True)
    # On its own node it stays, and the node it is lifted from has nothing to take.
    assert verdicts["N2"].also_moves == ()
    assert "already on" in " ".join(f.text for f in verdicts["N1"].findings)


def test_one_that_comes_along_and_cannot_move_holds_them_all(site: Site) -> None:
    site.rule(K.SAME_NODE, "app-01", "app-02")
    site.change("app-02", mounted_iso="C:\\local.iso")
    assert site.judge("app-01")["N4"].verdict is Verdict.CANNOT
    site.change("app-02", mounted_iso="", possible_owners=("LAB-N2", "LAB-N3"))
    verdicts = site.judge("app-01")
    assert verdicts["N4"].verdict is Verdict.CANNOT
    assert verdicts["N3"].verdict is Verdict.FITS_WITH_NOTES


def test_a_stopped_partner_is_no_hindrance(site: Site) -> None:
    site.rule(K.SAME_NODE, "app-01", "app-02")
    site.change("app-02", power=PowerState.STOPPED)
    assert site.judge("app-01")["N4"].verdict is Verdict.FITS


def test_chains_of_rules_are_followed(site: Site) -> None:
    site.cluster(
        affinity_rules=(
            AffinityRule("two", K.SAME_NODE, ("app-02", "app-04")),
            AffinityRule("one", K.SAME_NODE, ("app-01", "app-02")),
        )
    )
    assert set(site.judge("app-01")["N4"].also_moves) == {
        site.vm("app-02").key, site.vm("app-04").key,
    }  # fmt: skip


def test_one_fault_domain_says_who_else_the_cluster_moves(site: Site) -> None:
    site.rule(K.SAME_FAULT_DOMAIN, "app-01", "app-02")
    verdicts = site.judge("app-01")
    assert verdicts["N2"].verdict is Verdict.FITS
    (finding,) = of(verdicts["N3"])
    assert (finding.severity, "moves app-02 into B" in finding.text) == (N, True)


def test_a_rule_of_a_kind_nobody_knows_is_a_note(site: Site) -> None:
    site.rule(K.UNKNOWN, "app-01", "app-02")
    assert "does not know" in of(site.judge("app-01")["N3"])[0].text


@pytest.mark.parametrize(("enforced", "severity"), [(True, B), (False, N), (None, N)])
def test_classes_of_anti_affinity(site: Site, enforced: bool | None, severity: Severity) -> None:
    site.cluster(enforces_anti_affinity=enforced)
    for name in ("app-01", "app-02"):
        site.change(name, anti_affinity=("sql",))
    verdicts = site.judge("app-01")
    (finding,) = of(verdicts["N2"], "anti_affinity_is_kept")
    assert finding.severity is severity
    assert "app-01 and app-02 would share LAB-N2" in finding.text
    assert verdicts["N3"].verdict is Verdict.FITS
    together = site.judge("app-01", "app-02")["N3"]
    assert of(together, "anti_affinity_is_kept")[0].severity is severity


BALANCING: list[tuple[dict[str, object], str]] = [
    ({"balancing": BalancingMode.OFF}, ""),
    ({"balancing": BalancingMode.ON_JOIN}, ""),
    ({"balancing": BalancingMode.UNKNOWN}, "not known"),
    ({"balancing_level": None}, "not known"),
    ({"balancing_level": 1}, ""),
    ({"balancing_level": 2}, "over the 70 %"),
    ({"balancing_level": 3}, "every 30 minutes"),
]


@pytest.mark.parametrize(("facts", "words"), BALANCING)
def test_balancing_that_would_undo_it(site: Site, facts: dict[str, object], words: str) -> None:
    node = site.inventory.nodes["LAB-N4"]
    total = node.memory_total_mib or 0
    # Three quarters in use afterwards.
    free = total // 4 + (site.vm("app-01").memory_mib or 0)
    site.inventory.nodes["LAB-N4"] = replace(node, memory_available_mib=free)
    site.cluster(**{"balancing": BalancingMode.ALWAYS, **facts})
    told = of(site.judge("app-01")["N4"], "balancing_leaves_it")
    assert [finding.severity for finding in told] == ([N] if words else [])
    assert all(words in finding.text for finding in told)


@pytest.mark.parametrize(
    ("rights", "verdict"),
    [
        (("live_migrate",), Verdict.FITS),
        (("quick_migrate",), Verdict.CANNOT),
        (None, Verdict.FITS_WITH_NOTES),
    ],
)
def test_what_the_account_may_not_is_shown_before_the_click(
    site: Site, rights: tuple[str, ...] | None, verdict: Verdict
) -> None:
    site.cluster(rights=rights)
    verdicts = site.judge("app-01")
    assert verdicts["N4"].verdict is verdict
    told = of(verdicts["N4"], "account_may_act")
    assert len(told) == (verdict is not Verdict.FITS)
    assert all(finding.remedy for finding in told)
    # On its own node nothing would be asked for.
    assert not of(verdicts["N1"], "account_may_act")


def test_the_runner_hears_what_the_map_showed(site: Site) -> None:
    site.rule(K.SAME_NODE, "app-01", "app-02")
    vm = site.vm("app-01")
    request = LiveMigrate(vm.key, vm.name, "LAB-N1", "LAB-N4")
    asked = findings_for_request(request, Situation(site.inventory, site.now))
    shown = site.judge("app-01")["N4"].findings
    assert set(asked) <= set(shown)
    assert any(finding.check == "affinity_is_kept" for finding in asked)


@pytest.mark.parametrize(
    ("encrypted", "severity", "words"),
    [
        (True, Severity.FINE, "is encrypted"),
        (False, N, "is not encrypted"),
        (None, N, "not known"),
    ],
)
def test_whether_traffic_is_encrypted_is_always_said(
    site: Site, encrypted: bool | None, severity: Severity, words: str
) -> None:
    site.cluster(migration_encrypted=encrypted)
    (finding,) = of(site.judge("app-01")["N4"], "migration_traffic_is_encrypted")
    assert finding.severity is severity
    assert words in finding.text
