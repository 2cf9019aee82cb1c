"""Composition root of the window process and of the other commands."""


def main() -> int:
    raise SystemExit("not built yet")
