"""A notice in plain words, said once for all channels; each channel's file escapes it in its own way.

Every text of a message is one line without control characters or overrides of direction, and of bounded
length (`monitor.alerting.text`), so what is left for a channel is its own markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from monitor.alerting.text import shown
from monitor.domain.incident import Incident, IncidentState, Priority, Suspect
from monitor.domain.notice import Notice, NoticeKind, Picture
from monitor.domain.units import counted
from monitor.domain.words import moment

LONGEST_LINE = 300
LONGEST_URL = 2_000
SUSPECTS = 3
CONTRIBUTORS = 3
CHANGES = 5
DIGESTED = 50

_HEADS = {
    NoticeKind.OPENED: "New incident",
    NoticeKind.UPDATED: "Incident update",
    NoticeKind.ACKNOWLEDGED: "Incident acknowledged",
    NoticeKind.CLOSED: "Incident over",
    NoticeKind.DIGEST: "Digest",
}


@dataclass(frozen=True, slots=True)
class Link:
    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """``head``: what kind of news; ``title``: the news. ``facts``: name and value. ``labels``: links that
    set a label, after asking. ``chart``: address of the picture, and what it shows. ``urgency``: critical,
    error, warning or info. Links are http or https."""

    head: str
    title: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    link: Link | None
    labels: tuple[Link, ...]
    pictures: tuple[Picture, ...]
    chart: Link | None
    urgency: str

    @property
    def subject(self) -> str:
        return f"{self.head}: {self.title}"


def message(notice: Notice) -> Message:
    """What to say of a notice. Raises ValueError for one without an incident that is no digest."""
    link = Link("Open the incident" if notice.incident else "Open the list", notice.url)
    labels = [Link(shown(name, 40), url) for name, url in notice.labels.items()]
    common: dict[str, Any] = {
        "head": _HEADS[notice.kind],
        "link": link if _is_link(notice.url) else None,
        "labels": tuple(one for one in labels if _is_link(one.url)),
        "pictures": notice.pictures,
        "chart": _chart(notice),
    }
    changed = Section("What is new", tuple(_line(text) for text in notice.changed[:CHANGES]))
    if notice.kind is NoticeKind.DIGEST:
        return _digest(notice, changed, common)
    if notice.incident is None:
        raise ValueError("a notice that is no digest has an incident")
    return _single(notice.incident, notice.title, changed, common)


def plain(message: Message) -> str:
    """The whole message as lines of text, links and all.

    >>> from monitor.alerting.examples import opened
    >>> print(plain(message(opened())))
    New incident: error_rate up at service web since 1 Jan 00:00 UTC; 2 series
    <BLANKLINE>
    Priority: P2
    State: open since 2026-01-01 00:00 UTC
    Score: 87 of 100, severity 123
    Extent: 2 series, 3 anomalies
    <BLANKLINE>
    Where it may have begun
    - error_rate{service=web}: began first, 00:00
    <BLANKLINE>
    What stands out
    - 2 of 2 series with service=web
    <BLANKLINE>
    Open the incident: https://watchkeeper.example/#/incidents/inc-1
    Say what it was:
    - noise: https://watchkeeper.example/label/n
    """
    lines = [message.subject, "", *(f"{name}: {value}" for name, value in message.facts)]
    for section in message.sections:
        lines += ["", section.title, *(f"- {line}" for line in section.lines)]
    if message.link is not None:
        lines += ["", f"{message.link.text}: {message.link.url}"]
    if message.labels:
        lines += ["Say what it was:", *(f"- {one.text}: {one.url}" for one in message.labels)]
    return "\n".join(lines)


_URGENCY = {
    Priority.P1: "critical",
    Priority.P2: "error",
    Priority.P3: "warning",
    Priority.P4: "info",
}


def urgency(incident: Incident) -> str:
    """critical, error, warning or info: by the priority.

    >>> from monitor.alerting.examples import opened
    >>> urgency(opened().incident)
    'error'
    """
    return _URGENCY[incident.priority]


def _single(incident: Incident, title: str, changed: Section, common: dict[str, Any]) -> Message:
    sections = (
        changed,
        Section("Where it may have begun", tuple(map(_suspect, incident.suspects[:SUSPECTS]))),
        Section("What stands out", tuple(_line(c.text) for c in incident.contributors[:CONTRIBUTORS])),
    )
    facts = [
        ("Priority", incident.priority.value),
        ("State", _state(incident)),
        ("Score", f"{incident.score:.0f} of 100, severity {incident.severity:,.0f}"),
        ("Extent", f"{incident.series_count:,} series, {_anomalies(incident.member_count)}"),
    ]
    if incident.team:
        facts.append(("Team", shown(incident.team, 100)))
    return Message(
        title=_line(title or incident.title),
        facts=tuple(facts),
        sections=tuple(section for section in sections if section.lines),
        urgency=urgency(incident),
        **common,
    )


def _digest(notice: Notice, changed: Section, common: dict[str, Any]) -> Message:
    lines = [_line(f"{one.title} ({_state(one)}, score {one.score:.0f})") for one in notice.digest[:DIGESTED]]
    if len(notice.digest) > DIGESTED:
        lines.append(f"and {len(notice.digest) - DIGESTED:,} more")
    sections = (changed, Section("Incidents, the gravest first", tuple(lines)))
    open_now = sum(one.end_ms is None for one in notice.digest)
    return Message(
        title=_line(notice.title or counted(len(notice.digest), "incident")),
        facts=(("Incidents", f"{len(notice.digest):,}, {open_now:,} of them open"),),
        sections=tuple(section for section in sections if section.lines),
        urgency="info",
        **common,
    )


def _state(incident: Incident) -> str:
    since = moment(incident.start_ms)
    if incident.state is IncidentState.OPEN:
        return f"open since {since}"
    if incident.end_ms is None:
        return f"{incident.state.value}; it began {since}"
    return f"{incident.state.value}, from {since} to {moment(incident.end_ms)}"


def _anomalies(count: int) -> str:
    return "1 anomaly" if count == 1 else f"{count:,} anomalies"


def _suspect(suspect: Suspect) -> str:
    return _line(f"{shown(suspect.series, 180)}: {suspect.why}")


def _line(text: str) -> str:
    return shown(text, LONGEST_LINE)


def _chart(notice: Notice) -> Link | None:
    if notice.incident is None or not notice.incident.suspects or not _is_link(notice.chart):
        return None
    return Link(shown(f"Chart of {notice.incident.suspects[0].series}", 300), notice.chart)


def _is_link(url: str) -> bool:
    """An http or https address without anything a client might take for more than that.

    >>> [_is_link(u) for u in ("https://a.example/#/x", "javascript:alert(1)", "https://a b", "")]
    [True, False, False, False]
    """
    if len(url) > LONGEST_URL or not url.isascii() or any(c.isspace() or c in '<>"|\\^`{}' for c in url):
        return False
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and url.isprintable()


def lines_of(message: Message) -> Sequence[str]:
    """Facts and sections as lines, for channels that show no more than text."""
    lines = [f"{name}: {value}" for name, value in message.facts]
    for section in message.sections:
        lines += [section.title, *(f"• {line}" for line in section.lines)]
    return lines
