"""``watchkeeper backtest``: files offline through the code that runs live."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from api.commands.files import read, report
from api.commands.judgement import Judgement, Span, judge, runs
from api.tables import err, print_json
from collectors.cells import times
from collectors.files import FileSamples
from monitor.domain.errors import BadRequest
from monitor.domain.series import Identity
from monitor.settings import Settings

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LABEL = "label"


def backtest(
    files: Sequence[Path], *, out: Path | None, labels: str | None, tags: str, tz: str, as_json: bool
) -> int:
    console = err()
    if out is not None and out.suffix not in (".csv", ".parquet"):
        raise BadRequest(f"{out}: --out ends in .csv or .parquet")
    if out is not None and not out.parent.is_dir():
        raise BadRequest(f"{out}: no such folder")
    read_all = []
    for path in files:
        samples = read(path, tags, tz)
        report(path, samples.rejects, samples.notes, console)
        read_all.append(samples)
    frame, marked = frame_of(read_all)
    spans = label_spans(labels, frame, marked, tz)  # a wrong label file is told before the work
    from monitor.backtest import backtest as score

    with console.status(f"scoring {len(frame)} samples"):
        scored = score(frame, Settings(default_timezone=tz))
    _write(scored, out, as_json)
    if spans is not None:
        found = runs(_series(scored), _ts_ms(scored), _ids(scored))
        console.print(_told(judge(found, spans)), soft_wrap=True)
    return 0


def frame_of(files: Sequence[FileSamples]) -> tuple[pd.DataFrame, NDArray[np.int8] | None]:
    """Samples of all files in their rows' order, long: timestamp, metric, value, n, a column per tag;
    and the label of each row (-1: none), None if no file has any."""
    frames = [_frame(file) for file in files]
    frame = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    if all(file.label is None for file in files):
        return frame, None
    marks = [np.full(len(f), -1, np.int8) if f.label is None else f.label for f in files]
    return frame, np.concatenate(marks)


def _frame(file: FileSamples) -> pd.DataFrame:
    batch = file.batch
    distinct, which = np.unique(batch.fingerprint, return_inverse=True)
    series = [Identity.from_canonical(batch.identities[key]) for key in distinct.tolist()]
    columns: dict[str, Any] = {
        "timestamp": pd.to_datetime(batch.ts_ms, unit="ms", utc=True),
        "metric": _texts([s.metric for s in series], which),
    }
    for key in sorted({key for s in series for key, _ in s.tags}):
        columns[key] = _texts([s.tag(key) for s in series], which)
    columns["value"] = batch.value
    if batch.n is not None:
        columns["n"] = batch.n
    return pd.DataFrame(columns)


def _texts(words: Sequence[str | None], which: NDArray[np.intp]) -> Any:
    return np.array([*words, None], object)[which]


def label_spans(
    labels: str | None, frame: pd.DataFrame, marked: NDArray[np.int8] | None, tz: str
) -> list[Span] | None:
    """Labelled spans: of a file ``metric,start,end`` (for every series of the metric), or of the 0/1
    column. Raises BadRequest."""
    if labels is None:
        return None
    if Path(labels).is_file():
        return _spans_of_file(Path(labels), frame, tz)
    if marked is None or labels.lower() != _LABEL:
        raise BadRequest(f"--labels {labels}: neither a file nor a column {_LABEL!r} of 0 and 1")
    return runs(_series(frame), _ts_ms(frame), (marked > 0).astype(int).tolist())


def _spans_of_file(path: Path, frame: pd.DataFrame, tz: str) -> list[Span]:
    from zoneinfo import ZoneInfo

    import pyarrow as pa

    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (ValueError, OSError, pd.errors.ParserError) as error:
        raise BadRequest(f"{path}: {error}") from error
    if missing := {"metric", "start", "end"} - set(table.columns):
        raise BadRequest(f"{path}: no column {', '.join(sorted(missing))}")
    zone = ZoneInfo(tz)
    bounds = [times(pa.array(table[name].tolist(), pa.string()), zone) for name in ("start", "end")]
    if bad := np.flatnonzero((bounds[0] < 0) | (bounds[1] < bounds[0])).tolist():
        raise BadRequest(f"{path}: line {bad[0] + 2}: start and end are no span of time")
    numbers = np.array(_series(frame))
    metrics = frame["metric"].to_numpy()
    of_metric = {metric: np.unique(numbers[metrics == metric]).tolist() for metric in set(table["metric"])}
    return [
        Span(one, int(start), int(end))
        for metric, start, end in zip(table["metric"], *bounds, strict=True)
        for one in of_metric[metric]
    ]


def _series(frame: pd.DataFrame) -> list[int]:
    """A number for each row's series, the same in the frame that goes in and the one that comes out."""
    made = {"value", "n", "timestamp", "expected", "lower", "upper", "score", "anomaly", "kind"}
    keys = sorted(name for name in frame.columns if name not in made)
    prints: dict[tuple[Any, ...], int] = {}
    rows = zip(*(frame[key].astype(object).where(frame[key].notna(), None) for key in keys), strict=True)
    out = []
    for row in rows:
        if row not in prints:
            tags = {key: str(value) for key, value in zip(keys, row, strict=True) if value is not None}
            prints[row] = Identity.of(tags.pop("metric"), tags).fingerprint()
        out.append(prints[row])
    return out


def _ts_ms(frame: pd.DataFrame) -> list[int]:
    return pd.DatetimeIndex(frame["timestamp"]).as_unit("ms").astype("int64").tolist()


def _ids(scored: pd.DataFrame) -> list[int]:
    """The anomaly of each row, from 1 on; 0 where there is none."""
    ids = scored["anomaly"]
    return [0 if missing else int(one) + 1 for one, missing in zip(ids, ids.isna(), strict=True)]


def _write(scored: pd.DataFrame, out: Path | None, as_json: bool) -> None:
    if out is not None and out.suffix == ".parquet":
        scored.to_parquet(out, index=False)
    elif out is None and as_json:
        print_json({"items": scored.to_dict("records")} if scored.empty else _records(scored))
    else:
        _for_csv(scored).to_csv(
            sys.stdout if out is None else out, index=False, date_format="%Y-%m-%dT%H:%M:%S.%fZ"
        )


def _records(scored: pd.DataFrame) -> dict[str, Any]:
    plain = scored.astype(object).where(scored.notna(), None)
    plain["timestamp"] = [at.isoformat() for at in scored["timestamp"]]
    return {"items": plain.to_dict("records")}


def _for_csv(scored: pd.DataFrame) -> pd.DataFrame:
    """Text that a spreadsheet would run as a formula is quoted."""
    made = scored.copy()
    for name in made.columns:
        if not pd.api.types.is_numeric_dtype(made[name]) and name != "timestamp":
            texts = made[name].astype(object)
            made[name] = [f"'{t}" if isinstance(t, str) and t.startswith(_FORMULA) else t for t in texts]
    return made


def _told(found: Judgement) -> str:
    def share(x: float | None) -> str:
        return "none" if x is None else f"{x:.3f}"

    delay = "none" if found.delay_ms is None else f"{found.delay_ms / 60_000:.1f} min"
    return (
        f"{found.labelled} labelled spans, {found.anomalies} anomalies: precision {share(found.precision)}, "
        f"recall {share(found.recall)}, event F1 {share(found.f1)}, delay {delay} (median)"
    )
