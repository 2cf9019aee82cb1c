"""Names and messages that somebody chose to do harm: one corpus for views, wires and exports."""

HOSTILE: dict[str, str] = {
    "very long": "n" * 10_000,
    "long in words": "long name " * 1_000,
    "lines": "first\nsecond\r\nthird\u2028fourth\u0085fifth",
    "NUL": "before\x00after",
    "right to left": "invoice\u202efdp.exe",
    "isolates": "a\u2066b\u2067c\u2069d",
    "zero width": "ad\u200bmin\ufeff\u2060\u00ad",
    "HTML": "<b>bold</b><img src='file:///etc/passwd'><a href='http://x.invalid'>click</a>",
    "entities": "&lt;b&gt; &amp; &#x202e; x<y",
    "format": "%s %n %1 %L1 %%d {0} {name} {{}}",
    "quotes": 'it\'s "quoted" ‘typographic’ “double” ‚low‛ „low‟',
    "shell": "$(reboot) `id` ; rm -rf / | more && x > y",
    "PowerShell": "x’; Stop-Computer -Force; ‘${env:PATH} $(whoami) @{a=1}",
    "formula": "=cmd|'/c calc'!A1",
    "formula with a sign": "-2+3+cmd|' /C calc'!A0",
    "formula with an at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "formula behind a tab": "\t=1+1",
    "lone surrogate": "half\ud83dof a letter",
    "path": "../../../etc/passwd",
    "address": "x?api-version=1&y=/subscriptions/other#z%2F..%2f",
    "header": "x\r\nAuthorization: Bearer stolen\r\n\r\n",
    "XML": ']]><Obj><S N="V">x</S></Obj><!--',
    "escape of CLIXML": "_x000D__x000A_",
    "piled marks": "a" + "\u0301" * 300,
    "joined": "\U0001f469\u200d\U0001f469\u200d\U0001f467",
    "look-alike": "аdmin-раypal",
    "empty-looking": "\u3164\u2800",
}
# Letters that reorder or hide others, or that end a line where one line is meant.
UNSEEN = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\ufeff\u2060\x00")
