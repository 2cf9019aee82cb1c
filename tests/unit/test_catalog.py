"""The dated data: exactly the documents' rows, and the release decides."""

import pytest

from console import catalog
from console.model.site import Image, ImageReference, ImageState

# "Images of June 2024" of the issue, retyped here so that a slip in the data is found.
JUNE_2024 = [
    (
        "Windows 11 Enterprise multi-session, version 22H2 - Gen2",
        "microsoftwindowsdesktop",
        "windows-11",
        "win11-22h2-avd",
        "22621.2428.231001",
    ),
    (
        "Windows 11 Enterprise multi-session, version 22H2 + Microsoft 365 Apps (preview) - Gen2",
        "microsoftwindowsdesktop",
        "windows11preview",
        "win11-22h2-avd-m365",
        "22621.382.220810",
    ),
    (
        "Windows 11 Enterprise multi-session, version 21H2 - Gen2",
        "microsoftwindowsdesktop",
        "windows-11",
        "win11-21h2-avd",
        "22000.2538.231001",
    ),
    (
        "Windows 11 Enterprise multi-session, version 21H2 + Microsoft 365 Apps - Gen2",
        "microsoftwindowsdesktop",
        "office-365",
        "win10-21h2-avd-m365-g2",
        "19044.3570.231010",
    ),
]


MULTI_SESSION = ImageReference("microsoftwindowsdesktop", "windows-11", "win11-22h2-avd", "1")
PRO = ImageReference("p", "windows-11", "win11-23h2-ent")


def an_image(reference: ImageReference | None, **fields: str) -> Image:
    values = {"os_type": "Windows", "generation": "V2", **fields}
    return Image("/images/x", "x", ImageState.READY, reference=reference, **values)


@pytest.mark.parametrize("release", ["2311", "10.2402.1", "10.2411.0.22", "", "tomorrow"])
def test_old_and_unknown_releases_get_the_four_rows_exactly(release: str) -> None:
    rows = [
        (
            image.name,
            *(getattr(image.reference, f) for f in ("publisher", "offer", "sku", "version")),
        )
        for image in catalog.load_images().offers(release)
    ]
    assert rows == JUNE_2024


def test_row_four_says_that_it_is_windows_10() -> None:
    note = catalog.load_images().offers("2311")[3].note
    assert "Windows 10" in note
    assert "19044" in note


@pytest.mark.parametrize(
    ("release", "rule"),
    [
        ("10.2411.0.22", "june-2024"),
        ("10.2503.0.13", "march-2025"),
        ("11.2509.1001.21", "march-2025"),
        ("11.2510.1002.93", "october-2025"),
        ("12.2603.1", "october-2025"),
    ],
)
def test_the_release_decides_the_rule(release: str, rule: str) -> None:
    assert catalog.load_images().rule_for(release).id == rule


def test_march_2025_has_no_windows_11_24h2() -> None:
    skus = [image.reference.sku for image in catalog.load_images().offers("2503")]
    assert not [sku for sku in skus if "24h2" in sku]


def test_every_offered_image_passes_its_own_rule() -> None:
    images = catalog.load_images()
    for release in ("2311", "2503", "2510"):
        for offered in images.offers(release):
            assert images.why_not(an_image(offered.reference), release) is None, offered


@pytest.mark.parametrize(
    ("image", "release", "word"),
    [
        (an_image(None), "2510", "Marketplace"),
        (
            an_image(PRO, generation="V1"),
            "2510",
            "V1",
        ),
        (an_image(ImageReference("p", "rhel", "9", "1"), os_type="Linux"), "2510", "Windows"),
        (
            an_image(ImageReference("microsoftwindowsdesktop", "windows-11", "win11-24h2-ent")),
            "2503",
            "24H2",
        ),
        (
            an_image(
                ImageReference("microsoftwindowsdesktop", "windows-11", "win11-22h2-avd", "1")
            ),
            "2311",
            "June 2024",
        ),
    ],
)
def test_an_unsupported_image_says_why(image: Image, release: str, word: str) -> None:
    why = catalog.load_images().why_not(image, release)
    assert why is not None
    assert word in why


def test_every_row_has_a_source_and_a_date() -> None:
    for release in ("2311", "2503", "2510"):
        for image in catalog.load_images().offers(release):
            assert image.source
            assert image.dated.year >= 2024


def test_known_issues_name_their_source() -> None:
    assert all(issue.source and issue.remedy for issue in catalog.load_known_issues())


def test_an_unknown_release_says_that_the_strictest_list_holds() -> None:
    image = an_image(ImageReference("microsoftwindowsserver", "windowsserver", "2022-datacenter"))
    images = catalog.load_images()
    assert "release is not known" in (images.why_not(image, "") or "")
    assert "release is not known" not in (images.why_not(image, "2402") or "")


def test_an_offer_of_another_publisher_is_not_microsofts() -> None:
    image = an_image(ImageReference("somebody", "windows-11", "win11-23h2-ent"))
    for release in ("2503", "2510"):
        assert "somebody" in (catalog.load_images().why_not(image, release) or "")


def test_an_error_of_azure_is_explained_only_where_a_document_does() -> None:
    known = catalog.explain_azure_error(
        "ProvisioningFailed", "There is Not Enough space on the disk."
    )
    assert known is not None
    assert known.words == "The storage path is full."
    assert catalog.explain_azure_error("conflictingoperation", "") is not None
    assert catalog.explain_azure_error("SomethingElse", "no words") is None


def test_what_is_short_is_told_apart() -> None:
    """A full volume is behind a lack of space, and never behind a lack of memory."""
    for code, about in (
        ("NotEnoughSpace", "space"), ("OutOfMemory", ""), ("OutOfNodeCapacity", ""),
        ("OutOfCapacity", ""),
    ):  # fmt: skip
        known = catalog.explain_azure_error("ProvisioningFailed", f"moc: {code}")
        assert known is not None, code
        assert known.about == about
        assert known.remedy


@pytest.mark.parametrize(
    ("release", "first", "end", "within"),
    [
        ("2510", "2509", "", True),
        ("12.2506.1", "2506", "2508", True),
        ("2508", "2506", "2508", False),
        ("2505", "2506", "", False),
        ("2505", "", "", True),
        ("", "", "", False),
    ],
)
def test_a_range_of_releases(release: str, first: str, end: str, within: bool) -> None:
    assert catalog.is_within(release, first, end) is within
