"""When anomalies belong together, and when an incident is over: the numbers, in one place."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.domain.anomaly import Anomaly, AnomalyKind
from monitor.domain.durations import DAY_MS, HOUR_MS, MINUTE_MS


@dataclass(frozen=True, slots=True)
class Rules:
    """Times in milliseconds of event time.

    ``cap_ms``: longest span of an incident; what begins later begins another one. Four days hold a
    long week-end, and keep a chain of small coincidences from becoming one endless incident.
    ``slack_cadences``, ``slack_min_ms``, ``slack_max_ms``: how long after its end a member still
    draws others in, and how long an incident stays quiet before it is closed. Two buckets, since
    onset and end are each known to a bucket; at least an hour, the window that peers group by on
    one host; at most a day, so that slow metrics do not bridge whole weeks.
    ``slack_length``: the slack is at least this part of the member's own length: what has gone on all
    day and resumes after a quiet night is the same story.
    ``recent_ms``: how long after its onset a member that goes on and on draws others in. A day: the
    effects of one cause begin within one business cycle, and a level shift that lasts for a week
    must not collect whatever else happens in it.
    ``chance_decades``: how improbable (−log10) it must be that a series with the same metric, name part or
    tag began so soon after a member by chance: one in six, made less by ``crowd`` powers of the number of
    groups there are to fall in with. More than one power, because what falls in wrongly joins two groups.
    ``edges_decades``: what edges of the graph to members of a group must add up to, and the logarithm of
    their number: among so many one has an edge by chance. ``astray_ms``: how far a member may be from where
    an edge's lag has it, or a bucket.
    ``precedent_decades``: how improbable it must be that a series came with a group before by chance.
    ``precedent_series``, ``precedent_share``: of how many series of a group, at least, an onset at the same
    time back makes an occasion: two, and a third of them. ``precedent_astray_ms``: how far from it, or half
    a bucket. ``occasion_ms``: occasions lie so far apart.
    ``learned_ms``: the time that a day's graph is learned from, up to ``settled_ms`` before that day, when
    what began has been told. ``known_edges``: with so many edges a series is known to the graph, and of two
    that are known the graph alone says whether they belong together.
    ``patience_ms``: how far a shard may lag before the others' graphs no longer wait for it.
    ``founding_score``: that of a spike or dip that is an incident alone: by a factor of 100 rarer than an
    anomaly at one minute, of 20 at an hour. ``sure_score``: that of one that is open at once, though
    it is one bucket of one series; below it waits for more.
    ``unstable_times``: a series that begins so often within its window comes and goes, and joins its own
    incident again. The window is ``unstable_slacks`` slacks of its cadence, a day at most.
    """

    cap_ms: int = 4 * DAY_MS
    slack_cadences: int = 2
    slack_min_ms: int = HOUR_MS
    slack_max_ms: int = DAY_MS
    slack_length: float = 0.5
    recent_ms: int = DAY_MS
    chance_decades: float = 0.8
    crowd: float = 1.5
    edges_decades: float = 3.5
    precedent_decades: float = 2.0
    precedent_series: int = 2
    precedent_share: float = 1 / 3
    precedent_astray_ms: int = 10 * MINUTE_MS
    occasion_ms: int = 6 * HOUR_MS
    learned_ms: int = 28 * DAY_MS
    settled_ms: int = DAY_MS
    known_edges: int = 3
    astray_ms: int = 20 * MINUTE_MS
    patience_ms: int = 7 * DAY_MS
    founding_score: float = 64.0
    sure_score: float = 75.0
    unstable_times: int = 3
    unstable_slacks: int = 8

    def __post_init__(self) -> None:
        if not 0 <= self.slack_min_ms <= self.slack_max_ms:
            raise ValueError("slack_min_ms must lie between 0 and slack_max_ms")
        if self.recent_ms < 0 or self.recent_ms + self.slack_max_ms >= self.cap_ms:
            raise ValueError("recent_ms + slack_max_ms must be less than cap_ms")
        if self.chance_decades <= 0:
            raise ValueError("chance_decades must be positive")
        if self.unstable_times < 2:
            raise ValueError("unstable_times must be at least 2")

    def slack_ms(self, cadence_ms: int, length_ms: int = 0) -> int:
        """
        >>> Rules().slack_ms(60_000) // 60_000, Rules().slack_ms(HOUR_MS, 14 * HOUR_MS) // HOUR_MS
        (60, 7)
        """
        extended = int(self.slack_length * length_ms)
        return min(max(self.slack_cadences * cadence_ms, extended, self.slack_min_ms), self.slack_max_ms)

    def quiet_ms(self, anomaly: Anomaly) -> int:
        """How long after its end a closed member keeps its incident open."""
        length = anomaly.end_ms - anomaly.begin_ms if anomaly.end_ms is not None else 0
        return self.slack_ms(anomaly.cadence_ms, length)

    def reach_ms(self, anomaly: Anomaly) -> int:
        """The latest onset of another anomaly that this one still draws in."""
        reach = anomaly.begin_ms + self.recent_ms
        if anomaly.end_ms is not None:
            reach = min(reach, anomaly.end_ms)
        return reach + self.quiet_ms(anomaly)

    def unstable_ms(self, cadence_ms: int) -> int:
        """The window in which onsets of one series are counted.

        >>> Rules().unstable_ms(60_000) // HOUR_MS, Rules().unstable_ms(HOUR_MS) // HOUR_MS
        (8, 16)
        """
        return min(self.unstable_slacks * self.slack_ms(cadence_ms), self.slack_max_ms)

    def again_ms(self, anomaly: Anomaly) -> int:
        """The latest onset of the same series, when it comes and goes, that this one still draws in."""
        until = anomaly.begin_ms + self.recent_ms
        if anomaly.end_ms is not None:
            until = min(until, anomaly.end_ms)
        return until + self.unstable_ms(anomaly.cadence_ms)

    def passing(self, anomaly: Anomaly) -> bool:
        """Whether it is of a kind that passes soon."""
        return anomaly.kind in (AnomalyKind.SPIKE, AnomalyKind.DIP)

    def opens(self, anomaly: Anomaly) -> bool:
        """Whether it may found an incident; once it may it always may, since a score only grows.

        A series that ended is news only beside other news. So is what passes soon and was barely improbable
        enough for an anomaly: it is seen on the charts, and interrupts nobody.
        """
        if anomaly.kind is AnomalyKind.ENDED:
            return False
        return not self.passing(anomaly) or anomaly.score >= self.founding_score

    def alone(self, anomaly: Anomaly) -> str:
        """Why an anomaly that is in no incident is in none: none was there to join, and it founds none. Empty
        where that is not known."""
        until_ms = anomaly.muted_until_ms
        over = anomaly.end_ms is not None and until_ms is not None and anomaly.end_ms <= until_ms
        if until_ms is not None and (over or self.opens(anomaly)):
            return "muted"
        if anomaly.kind is AnomalyKind.ENDED:
            return "series ended"
        return "" if self.opens(anomaly) else f"score below {self.founding_score:.0f}"
