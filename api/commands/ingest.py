"""``watchkeeper ingest``: a file to a running server, in event time, each chunk once."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from api.client import Client, Values
from api.commands.files import read, report
from api.commands.late import Late
from api.tables import err, out, print_json
from collectors.files import chunks, merged_in_time
from collectors.flights import as_arrow
from monitor.domain.batch import SampleBatch

_WORDS = {
    "accepted": "accepted",
    "late": "late (kept, not scored: their buckets were final)",
    "rejected": "refused",
    "repeated": "known already",
}


def ingest(
    file: Path, url: str, token: str, *, batch: int, tags: str, tz: str, mode: str, as_json: bool
) -> int:
    samples = read(file, tags, tz)
    console = err()
    report(file, samples.rejects, samples.notes, console)
    order = merged_in_time(samples.batch)
    complete_ms = int(samples.batch.ts_ms.max()) if len(samples) else None
    with Client(url, token) as server, bar() as progress:
        if complete_ms is not None and _bound(server):
            console.print("the token is bound to a team or prefix: the end of the file is not told")
            complete_ms = None
        late = Late(server)
        task = progress.add_task(f"sending {file.name}", total=len(samples))
        total = Counter[str]()
        for answer, sent in send_all(server, chunks(samples.batch, order, batch), mode, complete_ms):
            progress.advance(task, sent)
            total.update(_counts(answer))
        if (count := late.count()) is not None:
            total["late"] = count
    left_out = sum(reject.count for reject in samples.rejects)
    if as_json:
        print_json({"file": str(file), "read": len(samples), "left_out": left_out, **total})
    else:
        read_of = f"{len(samples)} samples read" + (f", {left_out} rows left out" if left_out else "")
        told = ", ".join(f"{count} {_WORDS[what]}" for what, count in sorted(total.items()) if count)
        out().print(f"{file.name}: {read_of}; the server: {told or 'nothing'}", soft_wrap=True)
    return 0


def send_all(
    server: Client, batches: Iterator[SampleBatch], mode: str, complete_ms: int | None
) -> Iterator[tuple[Values, int]]:
    """Send each batch under a key made of its bytes, so that neither a retry nor a second run of the
    same file counts twice; the last one says that the source is complete up to ``complete_ms``."""
    waiting: SampleBatch | None = None
    for batch in batches:
        if waiting is not None:
            yield _send(server, waiting, mode, None), len(waiting)
        waiting = batch
    if waiting is not None:
        yield _send(server, waiting, mode, complete_ms), len(waiting)


def _send(server: Client, batch: SampleBatch, mode: str, complete_ms: int | None) -> Values:
    body = as_arrow(batch)
    key = hashlib.blake2b(body + f"{mode} {complete_ms}".encode(), digest_size=16).hexdigest()
    return server.send(body, key, mode=mode, complete_ms=complete_ms)


def _bound(server: Client) -> bool:
    """May the token write some series only? It then cannot say that all of them are complete."""
    me = server.me()
    return me["team"] is not None or bool(me["prefix"])


def bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err(),
    )


def _counts(answer: Values) -> dict[str, int]:
    counts = {"accepted": answer["accepted"], "rejected": answer["rejected"]}
    return counts | {"repeated": answer["accepted"], "accepted": 0} if answer["repeated"] else counts
