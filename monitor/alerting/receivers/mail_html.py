"""The HTML part of an e-mail: no script, no remote content, inline style only, as mail programs want it."""

from __future__ import annotations

from html import escape

from monitor.alerting.message import Message, Section
from monitor.alerting.text import shown, unlinked

_COLORS = {"critical": "#b3261e", "error": "#b3261e", "warning": "#8a5a00", "info": "#3b5b7a"}


def page(told: Message) -> str:
    """
    >>> from monitor.alerting.examples import opened
    >>> from monitor.alerting.message import message
    >>> 'href="https://watchkeeper.example/label/n"' in page(message(opened()))
    True
    """
    rows = "".join(
        f'<tr><td style="padding:2px 12px 2px 0;color:#555">{_text(name)}</td><td>{_text(value)}</td></tr>'
        for name, value in told.facts
    )
    return (
        '<!doctype html><html><body style="font-family:system-ui,sans-serif;font-size:15px;color:#111">'
        f'<p style="color:{_COLORS[told.urgency]};font-weight:bold;margin:0">{_text(told.head)}</p>'
        f'<h1 style="font-size:18px;margin:4px 0 12px">{_text(told.title)}</h1>'
        f'<table style="border-collapse:collapse">{rows}</table>'
        f"{''.join(map(_section, told.sections))}{_links(told)}{_pictures(told)}</body></html>"
    )


def _section(section: Section) -> str:
    items = "".join(f"<li>{_text(line)}</li>" for line in section.lines)
    title = f'<h2 style="font-size:15px;margin:16px 0 4px">{_text(section.title)}</h2>'
    return f'{title}<ul style="margin:0">{items}</ul>'


def _links(told: Message) -> str:
    opens = f"<p>{_link(told.link.url, told.link.text)}</p>" if told.link else ""
    labels = " · ".join(_link(one.url, one.text) for one in told.labels)
    return opens + (f"<p>Say what it was: {labels}</p>" if labels else "")


def _pictures(told: Message) -> str:
    said = [_text(shown(picture.alt, 400)) for picture in told.pictures]
    return "".join(
        f'<p><img src="cid:picture-{place}" alt="{alt}" style="max-width:100%"></p>'
        for place, alt in enumerate(said)
    )


def _link(url: str, text: str) -> str:
    return f'<a href="{escape(url)}">{_text(text)}</a>'


def _text(text: str) -> str:
    return escape(unlinked(text))
