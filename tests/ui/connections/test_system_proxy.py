"""What Qt found for an address, by script or by settings, becomes what the worker can use.

PAC scripts are run by Qt on Windows and macOS only: here its answer is given, not the script.
"""

import pytest
from PySide6.QtNetwork import QNetworkProxy, QNetworkProxyFactory, QNetworkProxyQuery

from console.ui.connections.system_proxy import system_proxy

AZURE = "https://management.azure.com"
Kind = QNetworkProxy.ProxyType


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


def answers(monkeypatch: pytest.MonkeyPatch, *found: QNetworkProxy) -> list[str]:
    asked: list[str] = []

    def of(query: QNetworkProxyQuery) -> list[QNetworkProxy]:
        asked.append(query.url().toString())
        return list(found)

    monkeypatch.setattr(QNetworkProxyFactory, "systemProxyForQuery", of)
    return asked


def test_a_script_is_asked_for_the_very_address(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answers(monkeypatch, QNetworkProxy(Kind.HttpProxy, "proxy.corp", 3128))
    assert system_proxy(AZURE) == "http://proxy.corp:3128"
    assert asked == [AZURE]


def test_the_first_usable_answer_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    socks = QNetworkProxy(Kind.Socks5Proxy, "socks.corp", 1080)
    answers(monkeypatch, socks, QNetworkProxy(Kind.HttpCachingProxy, "cache.corp", 0))
    assert system_proxy(AZURE) == "http://cache.corp:8080"


def test_direct_means_direct(monkeypatch: pytest.MonkeyPatch) -> None:
    later = QNetworkProxy(Kind.HttpProxy, "proxy.corp", 3128)
    answers(monkeypatch, QNetworkProxy(Kind.NoProxy), later)
    assert system_proxy(AZURE) == ""
    answers(monkeypatch)
    assert system_proxy(AZURE) == ""


def test_who_signs_in_at_the_proxy_survives_any_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, QNetworkProxy(Kind.HttpProxy, "proxy.corp", 3128, "corp\\me", "p@ss:/w%"))
    assert system_proxy(AZURE) == "http://corp%5Cme:p%40ss%3A%2Fw%25@proxy.corp:3128"


def test_the_environment_is_left_to_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answers(monkeypatch, QNetworkProxy(Kind.HttpProxy, "proxy.corp", 3128))
    monkeypatch.setenv("HTTPS_PROXY", "http://other:1")
    assert system_proxy(AZURE) == ""
    assert asked == []


def test_qt_itself_reads_this_systems_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real call: without settings it says direct, and never fails."""
    assert system_proxy(AZURE) == ""
