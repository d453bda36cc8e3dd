"""docs/formats.md: tables, codes and names that the code has too."""

from __future__ import annotations

import re

from learners.base import Family, Tail
from monitor.domain.anomaly import Verdict
from monitor.domain.records import Kind
from monitor.intake.segment import FRAME_BYTES, HEAD_BYTES, file_name
from monitor.store.tables import METADATA
from tests.docs.tables import ROOT, section, table

PAGE = ROOT / "docs" / "formats.md"
TEXT = re.sub(r"\s+", " ", PAGE.read_text())


def test_tables_and_columns() -> None:
    told = {row[0]: re.findall(r"\w+", row[1]) for row in table(section(PAGE, "## Database"))}
    assert told == {name: [c.name for c in one.columns] for name, one in METADATA.tables.items()}


def test_codes() -> None:
    assert "families " + ", ".join(f"{f.value} {f.name.lower()}" for f in Family if f) in TEXT
    assert "thresholds " + ", ".join(f"{t.value} {t.name.lower()}" for t in Tail if t) in TEXT
    words = ["in band", "learning", "anomaly", "below minimum change", "static bound", "missing"]
    words += ["shifted", "quieted"]
    assert "verdicts " + ", ".join(f"{v.value} {w}" for v, w in zip(Verdict, words, strict=True)) in TEXT


def test_kinds_of_records() -> None:
    rows = table(section(PAGE, "## Intake log, version 1"))
    told = {int(row[0]): row[1] for row in rows if len(row) == 3 and row[0].isdigit()}
    assert told == {kind.value: kind.name.lower() for kind in Kind}


def test_sizes_and_names_of_the_log() -> None:
    assert f"head, {HEAD_BYTES} bytes" in TEXT
    assert f"frame, {FRAME_BYTES} bytes" in TEXT
    assert file_name(1) in TEXT
    assert file_name(51, 3) in TEXT
