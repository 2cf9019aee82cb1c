"""Reads the dated data files of resources/: images, policy, issues, facts, errors."""

import functools
import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any, Literal

import msgspec

from console.model.site import Image, ImageReference

_PACKAGE = Path(__file__).resolve().parent


def resource_path(name: str) -> Path:
    """A file of resources/: beside the package in a checkout, inside it in a wheel."""
    installed = _PACKAGE / "_resources"
    return (installed if installed.is_dir() else _PACKAGE.parent / "resources") / name


class ImageRule(msgspec.Struct, frozen=True):
    """Which images a release supports for Trusted launch, and which document says so."""

    id: str
    dated: date
    from_release: str
    kind: Literal["table", "marketplace"]
    text: str
    source: str
    publishers: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()
    sku_pattern: str = ""


class SupportedImage(msgspec.Struct, frozen=True):
    """A row of a document. ``reference.version`` is empty where the document has none."""

    name: str
    reference: ImageReference
    os_type: str
    note: str
    source: str
    dated: date


class _ImageRow(msgspec.Struct, frozen=True):
    rules: tuple[str, ...]
    name: str
    publisher: str
    offer: str
    sku: str
    version: str = ""
    note: str = ""


class _ImagesFile(msgspec.Struct, frozen=True):
    rule: tuple[ImageRule, ...]
    image: tuple[_ImageRow, ...]


def release_number(release: str) -> int | None:
    """``2510`` of ``2510``, ``11.2510.1002.93`` or ``10.2311.2.7``; None if it names no release."""
    for part in release.split("."):
        if len(part) == 4 and part.isdigit() and part[0] == "2":
            return int(part)
    return None


class ImageCatalogue:
    """The images a cluster of a given release may use for Trusted launch VMs."""

    def __init__(self, file: _ImagesFile) -> None:
        self._rules = file.rule
        self._rows = file.image

    def rule_for(self, release: str) -> ImageRule:
        """The newest rule that the release has reached; the strictest if the release is unknown."""
        number = release_number(release)
        reached = [
            rule for rule in self._rules if number is not None and int(rule.from_release) <= number
        ]
        return reached[-1] if reached else self._rules[0]

    def offers(self, release: str) -> tuple[SupportedImage, ...]:
        """Every image that this release supports, in the documents' order."""
        rule = self.rule_for(release)
        return tuple(
            SupportedImage(
                name=row.name,
                reference=ImageReference(row.publisher, row.offer, row.sku, row.version),
                os_type="Windows",
                note=row.note,
                source=rule.source,
                dated=rule.dated,
            )
            for row in self._rows
            if rule.id in row.rules
        )

    def why_not(self, image: Image, release: str) -> str | None:
        """Why an image on the cluster cannot be used for Trusted launch; None if it can."""
        rule = self.rule_for(release)
        reference = image.reference
        if reference is None:
            return (
                "It did not come from Azure Marketplace, and Trusted launch supports only images "
                "that did."
            )
        if image.generation and image.generation.upper() != "V2":
            return (
                f"It is a generation {image.generation} image; Trusted launch needs generation 2."
            )
        if rule.kind == "table":
            is_listed = any(
                same_image(row, reference) and (not row.version or row.version == reference.version)
                for row in (supported.reference for supported in self.offers(release))
            )
            if is_listed:
                return None
            unread = (
                ""
                if release_number(release) is not None
                else " The cluster's release is not known, so the strictest list holds."
            )
            return f"It is not in the list of {rule.dated:%B %Y}. {rule.text}{unread}"
        if image.os_type and image.os_type.lower() != "windows":
            return f"Trusted launch supports Windows images only here. {rule.text}"
        is_offer = reference.offer.lower() in rule.offers
        if reference.publisher.lower() not in rule.publishers:
            return f"Its publisher, {reference.publisher}, is not supported. {rule.text}"
        if is_offer and re.search(rule.sku_pattern, reference.sku.lower()):
            return None
        return f"{reference.offer} / {reference.sku} is not supported. {rule.text}"


def same_image(one: ImageReference, other: ImageReference) -> bool:
    """Publisher, offer and SKU agree; Azure spells them in any case."""
    return (one.publisher.lower(), one.offer.lower(), one.sku.lower()) == (
        other.publisher.lower(),
        other.offer.lower(),
        other.sku.lower(),
    )


def image_name(image: ImageReference) -> str:
    """The name under which it is downloaded; a fixed version is part: another is another image."""
    version = f"-{image.version.replace('.', '-')}" if image.version else ""
    return f"{image.offer}-{image.sku}{version}".lower()[:80]


# What an operation is done to; "Site": it is not about one VM.
PolicyKind = Literal["TrustedLaunch", "Standard", "ResourceBridge", "Unmanaged", "Site"]
PolicyVerdict = Literal["allowed", "local_only", "azure_only", "unsupported"]
# The stricter, the further right: what holds where the release is not known.
_STRICTNESS: tuple[PolicyVerdict, ...] = ("allowed", "local_only", "azure_only", "unsupported")


class PolicyOperation(msgspec.Struct, frozen=True):
    """``plane`` is where this console does it; empty: it does not, and says why."""

    id: str
    title: str
    plane: Literal["", "azure", "cluster"] = ""


class PolicyRule(msgspec.Struct, frozen=True):
    """What the platform says of operations on kinds of VM; ``instead`` is the supported way."""

    operations: tuple[str, ...]
    kinds: tuple[PolicyKind, ...]
    verdict: PolicyVerdict
    text: str
    source: str
    instead: str = ""
    from_release: str = ""
    until_release: str = ""


class OperationPolicy:
    """The platform's table of operations, kinds of VM, planes and releases."""

    def __init__(
        self, operations: tuple[PolicyOperation, ...], rules: tuple[PolicyRule, ...]
    ) -> None:
        self.operations = {operation.id: operation for operation in operations}
        self.rules = rules
        self._rules: dict[tuple[str, PolicyKind], list[PolicyRule]] = {}
        self._refusals: dict[tuple[str, PolicyKind, str], PolicyRule | None] = {}
        for rule in rules:
            for operation in rule.operations:
                for kind in rule.kinds:
                    self._rules.setdefault((operation, kind), []).append(rule)

    def rule(self, operation: str, kind: PolicyKind, release: str) -> PolicyRule:
        """What holds on this release; KeyError where the table says nothing.

        Of a release that nobody knows the strictest rule holds.
        """
        rules = self._rules[operation, kind]
        if release_number(release) is None:
            return max(rules, key=lambda rule: _STRICTNESS.index(rule.verdict))
        found = (r for r in rules if is_within(release, r.from_release, r.until_release))
        rule = next(found, None)
        if rule is None:
            raise KeyError((operation, kind, release))
        return rule

    def refusal(self, operation: str, kind: PolicyKind, release: str) -> PolicyRule | None:
        """The rule for which this console must not do it; None if it may."""
        asked = (operation, kind, release)
        if asked not in self._refusals:  # asked of every VM while a person drags hundreds
            self._refusals[asked] = self._refusal(operation, kind, release)
        return self._refusals[asked]

    def _refusal(self, operation: str, kind: PolicyKind, release: str) -> PolicyRule | None:
        rule = self.rule(operation, kind, release)
        plane = self.operations[operation].plane
        may = {
            "allowed": plane != "",
            "local_only": plane == "cluster",
            "azure_only": plane == "azure",
            "unsupported": False,
        }
        return None if may[rule.verdict] else rule


class KnownIssue(msgspec.Struct, frozen=True):
    """A defect of the platform that a person should hear of beforehand."""

    id: str
    title: str
    applies_to: str
    remedy: str
    source: str
    from_release: str = ""
    until_release: str = ""
    # Only where it applies; "switch_missing" is told by the check that compares switches.
    when: Literal["", "domain_join", "dynamic_memory", "switch_missing"] = ""
    os_build: str = ""  # how the build of the nodes' system begins; empty: any


class SecurityFact(msgspec.Struct, frozen=True):
    """A statement of a dated document on Trusted launch; never a reading of this site."""

    id: str
    title: str
    text: str
    dated: date
    source: str
    from_release: str = ""
    until_release: str = ""


class DisagreementRule(msgspec.Struct, frozen=True):
    """Two planes saying different things: how long that is expected (seconds) and the repair."""

    id: str
    title: str
    expected_for_s: float
    is_harmless: bool
    text: str
    repair: str
    source: str


class AzureError(msgspec.Struct, frozen=True):
    """An error of Azure in words, and what to do; ``pattern`` is a text within it.

    ``about`` is "space" where storage lacks it: a full volume may be what is behind it.
    """

    pattern: str
    words: str
    remedy: str
    about: Literal["", "space"] = ""


def is_within(release: str, first: str, end: str) -> bool:
    """``first`` <= release < ``end``, empty ends being open; False if the release is not known."""
    number, low, high = map(release_number, (release, first, end))
    if number is None:
        return False
    return (low is None or low <= number) and (high is None or number < high)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(resource_path(name).read_text(encoding="utf-8"))


@functools.cache
def load_images() -> ImageCatalogue:
    """The image catalogue; read once. Raises msgspec.ValidationError if the file is wrong."""
    return ImageCatalogue(msgspec.convert(_read("images.toml"), _ImagesFile))


@functools.cache
def load_operation_policy() -> OperationPolicy:
    """The operation policy; read once. KeyError for a rule without a source."""
    data = _read("operation_policy.toml")
    documents = {name: str(source["document"]) for name, source in data["source"].items()}
    rows = [{**row, "source": documents[row["source"]]} for row in data["rule"]]
    return OperationPolicy(
        msgspec.convert(data["operation"], tuple[PolicyOperation, ...]),
        msgspec.convert(rows, tuple[PolicyRule, ...]),
    )


@functools.cache
def load_known_issues() -> tuple[KnownIssue, ...]:
    """Known issues; read once."""
    return msgspec.convert(_read("known_issues.toml")["issue"], tuple[KnownIssue, ...])


def known_issue(name: str) -> KnownIssue:
    """The known issue of this id; KeyError if there is none."""
    found = next((issue for issue in load_known_issues() if issue.id == name), None)
    if found is None:
        raise KeyError(f"resources/known_issues.toml has no issue {name!r}")
    return found


@functools.cache
def load_security_facts() -> tuple[SecurityFact, ...]:
    """What is to be known of Trusted launch; read once."""
    return msgspec.convert(_read("security_facts.toml")["fact"], tuple[SecurityFact, ...])


def security_facts(release: str) -> tuple[SecurityFact, ...]:
    """Those that hold for a release; of an unknown one the older, stricter ones."""
    known = release if release_number(release) is not None else "2311"
    return tuple(
        fact
        for fact in load_security_facts()
        if is_within(known, fact.from_release, fact.until_release)
    )


@functools.cache
def load_disagreements() -> dict[str, DisagreementRule]:
    """Kinds of disagreement between the planes, by id; read once."""
    rows = _read("disagreements.toml")["disagreement"]
    return {rule.id: rule for rule in msgspec.convert(rows, tuple[DisagreementRule, ...])}


@functools.cache
def _azure_errors() -> tuple[AzureError, ...]:
    return msgspec.convert(_read("azure_errors.toml")["error"], tuple[AzureError, ...])


def explain_azure_error(code: str, message: str) -> AzureError | None:
    """The documented meaning of an error of Azure, if a document tells one."""
    said = f"{code} {message}".casefold()
    return next((one for one in _azure_errors() if one.pattern.casefold() in said), None)


class Cloud(msgspec.Struct, frozen=True):
    """An Azure cloud: where ARM and the sign-in are, and what a token is asked for."""

    id: str
    name: str
    arm: str
    scope: str
    authority: str


class _CloudsFile(msgspec.Struct, frozen=True):
    dated: date
    source: str
    cloud: tuple[Cloud, ...]


@functools.cache
def clouds() -> tuple[Cloud, ...]:
    """The clouds of resources/clouds.toml, public Azure first."""
    return msgspec.convert(_read("clouds.toml"), _CloudsFile, strict=False).cloud


class HistoryFrame(msgspec.Struct, frozen=True):
    """A time the cluster remembers: a figure every ``step_s``, kept for ``kept_for_s``."""

    id: str
    title: str
    step_s: float
    kept_for_s: float


class HistorySeries(msgspec.Struct, frozen=True):
    """A figure by the cluster's name; ``factor`` brings its value to ``unit``."""

    name: str
    of: Literal["vm", "node"]
    title: str
    unit: Literal["percent", "MiB", "KiB/s", "ms"]
    factor: float = 1.0
    note: str = ""


class HistoryFacts(msgspec.Struct, frozen=True):
    """What is documented of the cluster's performance history; never verified on a real one."""

    dated: date
    source: str
    caveat: str
    frame: tuple[HistoryFrame, ...]
    series: tuple[HistorySeries, ...]


@functools.cache
def load_performance_history() -> HistoryFacts:
    """resources/performance_history.toml; read once."""
    return msgspec.convert(_read("performance_history.toml"), HistoryFacts)
