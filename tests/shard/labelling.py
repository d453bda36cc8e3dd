"""Labels as a shard is told of them, of anomalies that a run has told."""

from __future__ import annotations

from monitor.domain.labels import Label, Said, Target, TargetKind
from monitor.domain.records import Control, Kind
from monitor.domain.shape import Shape, Statistic
from tests.shard.driving import Run, Told


def shape_of(
    run: Run, told: Told, size: float, row: int = 0, statistic: Statistic = Statistic.VALUE
) -> Shape:
    name = run.identities[row]
    end_ms = told.end_ms if told.end_ms is not None else told.last_ms + 1
    lasting = told.kind == "level shift"
    own = (f"{name.fingerprint():016x}", name.metric, statistic, told.direction, told.level, size)
    return Shape(*own, told.buckets, lasting, told.onset_ms, end_ms)


def label(id: str, said: Said, *shapes: Shape, of: str = "", user: str = "user:ann", at_ms: int = 5) -> Label:
    """``of``: what is labelled, else something of its own."""
    name = of or id
    target = Target(TargetKind.ANOMALY, name, 0, 1, name, shapes[0].series if shapes else "")
    return Label(id, said, target, user, "", at_ms, shapes=shapes)


def tell(run: Run, told: Label) -> None:
    rows = {f"{name.fingerprint():016x}": row for row, name in enumerate(run.identities)}
    body = told.to_body() | {"rows": [rows.get(shape.series, -1) for shape in told.shapes]}
    run.apply(Control(Kind.LABEL, body))


def undo(run: Run, label_id: str) -> None:
    run.apply(Control(Kind.LABEL, {"undoes": label_id, "user": "user:ann", "at_ms": 9}))
