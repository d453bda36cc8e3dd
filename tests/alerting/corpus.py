"""Names that somebody hostile, or just careless, may have chosen."""

from __future__ import annotations

CORPUS = {
    "markup": "<b>bold</b><script>alert(1)</script><img src=x onerror=alert(1)>",
    "attribute": '" onmouseover="alert(1)" x=\'',
    "mention": "<!channel> <!everyone> <@U123> @everyone @here <at>all</at>",
    "slack link": "<https://evil.example|log in>",
    "markdown": "[log in](https://evil.example) **bold** `code` ~~x~~ # head",
    "bare link": "https://evil.example/x www.evil.example javascript:alert(1)",
    "line breaks": "first\r\nBcc: victim@evil.example\r\n\r\nbody\u2028\u2029\x0b\x0c\x85",
    "controls": "".join(map(chr, range(32))) + "\x7f\x9b31m\x1b[31m",
    "direction": "\u202egnp.exe\u202c \u2066x\u2069 \u200f\u061c",
    "invisible": "a\u200bb\u200dc\ufeffd\u00ad\U000e0041",
    "surrogate": "\ud800x",
    "template": "{{7*7}} ${7*7} %s %(x)s {0} {x!r}",
    "entities": "&lt;script&gt; &amp;amp; &#60;",
    "long": "x" * 10_240,
    "long markup": "<&\"'>" * 2_048,
    "long controls": "\x00" * 10_240,
    "empty": "",
    "json": '"}],"channel":"C2","x":"',
}
