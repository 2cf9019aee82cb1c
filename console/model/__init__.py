"""NOUNS: frozen records, enums and pure functions on them. Standard library and msgspec only.

Times are seconds since 1970 in UTC as float, memory is MiB, disk is GiB, unless a name says
otherwise.
``None`` always means *not known*, never *no*.
"""
