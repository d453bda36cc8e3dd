"""Series as the outside reads them: lists and rows, what they were and why, and the models they live by.

Every list comes as a `Page`, ordered by its key, so that a cursor is the last key seen and stays right while
rows are added.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

from monitor.catalogue.order import Spot, spot_of_series, written
from monitor.comforting import Comfort, comfort
from monitor.domain.about import About
from monitor.domain.comfort import SCORES
from monitor.domain.errors import NotFound
from monitor.domain.incident import PlacedAnomaly
from monitor.domain.outlook import WideBand
from monitor.domain.paging import Page, every, page_of
from monitor.domain.records import Control, Kind
from monitor.domain.series import Identity
from monitor.domain.teams import Teams
from monitor.explaining import Explained, Explainer
from monitor.naming import series_named
from monitor.shards import POINTS_MAX, Row, Shards
from monitor.young import Young


class Reading:
    """``teams()`` as declared now; ``anomalies(series, until_ms)``: those of a series that began before a
    time, the newest first; ``points_max``: the most rows of one answer. Thread-safe."""

    def __init__(
        self,
        shards: Shards,
        teams: Callable[[], Teams],
        anomalies: Callable[[str, int], Sequence[PlacedAnomaly]],
        points_max: int,
    ) -> None:
        self._shards = shards
        self._teams = teams
        self._points_max = points_max
        self._young = Young(shards, self._company_of)
        self._explainer = Explainer(shards, anomalies, self._young.band)

    def series(
        self,
        *,
        metric: str | None = None,
        q: str | None = None,
        tag: str | None = None,
        after: str = "",
        limit: int = 100,
        team: str | None = None,
    ) -> Page[Row]:
        """Series of all shards by name, without case; ``q``: words of the name, ``tag``: ``key=value``."""
        lists = self._shards.ask_all(
            "series_list", metric=metric, q=q, tag=tag, after=after, limit=limit + 1, team=team
        )
        merged = list(islice(heapq.merge(*lists, key=_spot), limit + 1))
        return page_of(merged, limit, lambda row: written(_spot(row)))

    def series_one(self, series_id: str, team: str | None = None) -> Row:
        """One series' row, as in `series`. Raises NotFound, also where it is of another team."""
        row = self._row_of(series_id, team)
        if row is None:
            raise NotFound(f"no series {series_id}")
        return row

    def identity(self, series_id: str) -> Identity:
        """Raises NotFound."""
        return _identity(self.series_one(series_id))

    def metric_names(self, team: str | None = None) -> list[str]:
        return sorted({name for names in self._shards.ask_all("metric_names", team=team) for name in names})

    def tag_counts(self) -> dict[str, int]:
        """Series by ``key=value``, and by metric name."""
        counts: dict[str, int] = {}
        for part in self._shards.ask_all("tag_counts"):
            for key, count in part.items():
                counts[key] = counts.get(key, 0) + count
        return counts

    def history_end(self) -> tuple[int, int]:
        """Event time up to which samples reach, but those of Watchkeeper itself: at least, and at most. Zeros
        where there are none."""
        over, open = zip(*self._shards.ask_all("history_end"), strict=True)
        return max(over), max(open)

    def observations(
        self,
        series_id: str,
        *,
        from_ms: int | None = None,
        to_ms: int | None = None,
        max_points: int = 2_000,
        whole: bool = False,
    ) -> Mapping[str, Any]:
        """NumPy columns ts_ms, value, n, expected, lower, upper, score, verdict, model, oldest first: the
        newest ``max_points``, or with ``whole`` as many that stand for all ``buckets`` of the span."""
        return self._columns("observations", series_id, from_ms, to_ms, max_points, whole=whole)

    def challenger(
        self, series_id: str, *, from_ms: int | None = None, to_ms: int | None = None, max_points: int = 2_000
    ) -> Mapping[str, Any]:
        """What the challenger of now would have expected (`monitor.engine.rivals`): its name and columns, all
        empty for a series without models. Raises NotFound."""
        return self._columns("challenger", series_id, from_ms, to_ms, max_points)

    def revisions(
        self, series_id: str, *, from_ms: int | None = None, to_ms: int | None = None, max_points: int = 2_000
    ) -> Mapping[str, Any]:
        """NumPy columns ts_ms, value, n, arrival_ms of samples that came after their bucket was final: models
        did not learn from them. By time, the newest ``max_points``."""
        return self._columns("revisions", series_id, from_ms, to_ms, max_points)

    def span(
        self, series_id: str, from_ms: int | None, to_ms: int | None, max_points: int
    ) -> Mapping[str, Any]:
        """`observations` of a series that is known to be there, as many as asked for."""
        asked = {"from_ms": from_ms, "to_ms": to_ms, "max_points": max_points}
        return dict(self._shards.ask_owner(series_id, "observations", **asked))

    def comfort(
        self,
        selects: Callable[[Identity], bool],
        days: int,
        scores: Sequence[float] = SCORES,
        *,
        metric: str | None = None,
        team: str | None = None,
    ) -> Comfort:
        """Over the last days, how many runs there are for each threshold, of the series that ``selects``
        takes, up to 200; ``metric``: they are all of this one."""

        def columns(id: str, from_ms: int, to_ms: int) -> Mapping[str, Any]:
            return self.span(id, from_ms, to_ms, POINTS_MAX)

        rows = every(lambda after: self.series(metric=metric, after=after, limit=1_000, team=team))
        return comfort(rows, selects, columns, days, scores)

    def explain(self, series: str, at_ms: int, team: str | None = None) -> Explained:
        """Why a series (`monitor.naming` says how it may be named) shows what it shows at a time, with
        exactly one reason. Some 50 ms. Raises NotFound, or BadRequest where several series fit."""
        named = series_named(series, lambda id: self._row_of(id, team), partial(self.series, team=team))
        return self._explainer.at(named, at_ms)

    def about(self, placed: Sequence[PlacedAnomaly]) -> list[About]:
        """What each anomaly says of itself beside its numbers; about 5 ms for one not asked about before."""
        return self._explainer.of(placed)

    def wide_band(self, series: Row) -> WideBand | None:
        """What values a series without a model may be expected to have (`monitor.domain.outlook`), of its own
        first ones and its siblings; ``series``: its row. None for a series with a model."""
        return self._young.band(series)

    def forget(self) -> None:
        """What was remembered of the past, since a series is no more."""
        self._explainer.forget()

    def journal(self, series_id: str) -> list[Row]:
        """What a series lived by and why that changed, the newest change first. Raises NotFound."""
        self.series_one(series_id)
        return list(self._shards.ask_owner(series_id, "journal"))

    def undo(self, series_id: str) -> Row:
        """Give a series back exactly what the newest change of its models replaced, and close its contest:
        passes keep that until `open_contest`. In the log when this returns; the series' row. Raises NotFound
        also where there is nothing to undo."""
        if not any(entry["undoable"] for entry in self.journal(series_id)):
            raise NotFound(f"series {series_id} has no earlier models to go back to")
        return self._pinned(series_id, True)

    def open_contest(self, series_id: str) -> Row:
        """Let passes choose the models of a pinned series again. Raises NotFound."""
        row = self.series_one(series_id)
        return self._pinned(series_id, False) if row["pinned"] else row

    def _pinned(self, series_id: str, pinned: bool) -> Row:
        self._shards.tell(Control(Kind.ASSIGN, {"series": series_id, "pinned": pinned}))
        return self.series_one(series_id)

    def _row_of(self, series_id: str, team: str | None) -> Row | None:
        row = self._shards.ask_owner(series_id, "series_one")
        if row is None or (team is not None and self._teams().of(_identity(row)) != team):
            return None
        return dict(row)

    def _columns(
        self,
        question: str,
        series_id: str,
        from_ms: int | None,
        to_ms: int | None,
        max_points: int,
        **asked: Any,
    ) -> Mapping[str, Any]:
        self.series_one(series_id)
        span = {"from_ms": from_ms, "to_ms": to_ms, "max_points": min(max_points, self._points_max)}
        return dict(self._shards.ask_owner(series_id, question, **span, **asked))

    def _company_of(self, series: Row) -> str | None:
        """The team that a series' siblings must be of; None while no team is declared."""
        teams = self._teams()
        return teams.of(_identity(series)) if len(teams) else None


def _identity(row: Row) -> Identity:
    return Identity.of(row["metric"], row["tags"])


def _spot(row: Row) -> Spot:
    return spot_of_series(row["series"], row["id"])
