"""Hostile pages of exporters. A page that cannot be trusted is dropped as a whole, and its target is down."""

from __future__ import annotations

from tests.fakes import NOW_MS
from tests.hostile.case import Page

TEXT = {"Content-Type": "text/plain; version=0.0.4"}
OPENMETRICS = {"Content-Type": "application/openmetrics-text; version=1.0.0"}
GOOD = "good 1\n"


def page(name: str, text: str, kept: int, **reasons: int) -> Page:
    return Page(name, text.encode(), kept, reasons, headers=TEXT)


def beside(name: str, line: str, **reasons: int) -> Page:
    """One line between two good ones, of which it takes nothing away."""
    return page(name, f"{GOOD}{line}\nlast 1\n", 2, **reasons)


def dropped(name: str, text: str | bytes, fails: str, **headers: str) -> Page:
    body = text if isinstance(text, bytes) else text.encode()
    return Page(name, body, fails=fails, headers=TEXT | headers)


def cases() -> list[Page]:
    return [
        page("nothing", "", 0),
        page("only comments", "# HELP a b\n# TYPE a gauge\n\n", 0),
        page("good, CRLF", "good 1\r\nlast 1\r\n", 2),
        page("a label as another target", 'a{job="theirs",instance="theirs"} 1\n', 1),
        page("own time", f"good 1 {NOW_MS - 60_000}\n", 1),
        beside("NaN", "a NaN"),
        beside("infinite", "a +Inf", not_finite=1),
        beside("1e999", "a 1e999", not_finite=1),
        beside("control character", 'a{b="\x07"} 1', bad_name=1),
        beside("a label too long", f'a{{b="{"v" * 2_049}"}} 1', bad_name=1),
        beside("too many labels", "a{" + ",".join(f'k{i}="v"' for i in range(41)) + "} 1", bad_name=1),
        beside("reserved", '{"watchkeeper.up"} 1', bad_name=1),
        beside("before 1970", "a 1 -1", bad_timestamp=1),
        beside("nanoseconds", f"a 1 {NOW_MS}000000", bad_timestamp=1),
        beside("a time of 64 digits", f"a 1 {'9' * 64}", bad_timestamp=1),
        dropped("one bad line", f"{GOOD}this is no line\n", "no sample"),
        dropped("HTML", "<!doctype html><title>Log in</title>", "no sample"),
        dropped("a name alone", f"{GOOD}a\n", "no sample"),
        dropped("a word for a value", f"{GOOD}a one\n", "no number"),
        dropped("1_0", f"{GOOD}a 1_0\n", "no sample"),
        dropped("digits of another script", f"{GOOD}a ١٢\n", "no sample"),
        dropped("a time with an exponent", f"{GOOD}a 1 1e400\n", "no number"),
        dropped("a time of 5,000 digits", f"{GOOD}a 1 {'9' * 5_000}\n", "no number"),
        dropped("a quote without its end", f'{GOOD}a{{b="c}} 1\n', "no sample"),
        dropped("a label twice", f'{GOOD}a{{b="1",b="2"}} 1\n', "twice"),
        dropped("no name", f"{GOOD}{{}} 1\n", "no name"),
        dropped("NUL", f"{GOOD}a\x00 1\n", "no sample"),
        dropped("UTF-16", GOOD.encode("utf-16"), "not UTF-8"),
        dropped("too many samples", GOOD * 101, "more than 100 samples"),
        dropped("longer than it may be", "# " + "x" * 70_000, "longer than"),
        dropped("OpenMetrics without its end", GOOD, "# EOF", **OPENMETRICS),
        dropped("compressed unasked", GOOD, "compressed", **{"Content-Encoding": "gzip"}),
        Page("another status", GOOD.encode(), fails="answers 500", status=500),
        Page("a redirect", b"", fails="answers 302", headers={"Location": "http://elsewhere/"}, status=302),
    ]
