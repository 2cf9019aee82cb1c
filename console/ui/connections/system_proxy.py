"""The proxy that this computer's settings name for an address; PAC scripts are run by Qt.

May wait for a script to be fetched: call it beside the GUI thread. Where the environment names a
proxy the worker follows it by itself.
"""

import os
from urllib.parse import quote


def system_proxy(url: str) -> str:
    """``http://[user:password@]host:port``, empty for none."""
    if any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy")):
        return ""
    from PySide6.QtCore import QUrl
    from PySide6.QtNetwork import QNetworkProxy, QNetworkProxyFactory, QNetworkProxyQuery

    found = QNetworkProxyFactory.systemProxyForQuery(QNetworkProxyQuery(QUrl(url)))
    for one in found:
        kind = one.type()
        if kind == QNetworkProxy.ProxyType.NoProxy:
            return ""
        if kind in (QNetworkProxy.ProxyType.HttpProxy, QNetworkProxy.ProxyType.HttpCachingProxy):
            who = ""
            if one.user():
                who = f"{quote(one.user(), safe='')}:{quote(one.password(), safe='')}@"
            return f"http://{who}{one.hostName()}:{one.port() or 8080}"
    return ""
