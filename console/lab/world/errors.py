"""How the world refuses."""


class WorldError(Exception):
    """An act was refused. ``code`` is a stable word, ``status`` the HTTP status ARM would use.

    ``hresult`` is what the cluster would report for it, empty where it has none.
    """

    def __init__(self, code: str, text: str, *, status: int = 409, hresult: str = "") -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.status = status
        self.hresult = hresult
