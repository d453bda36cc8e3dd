"""Call-detail records of a VoIP carrier, made: a daily rhythm by trunk group, a broken trunk, and a fraud."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

TRUNK_GROUPS = (
    "4IUz1b10L33fG",
    "quXEtDXaK2",
    "taHigBvViXJ2",
    "Tv3zqzYmzurRD",
    "Pm3TnCThN9",
    "N0y2NQsOuCQeLa",
)
GATEWAYS = ("PM6wtCwaCuH5t9", "Sr6HibmQl0B", "QJmiSZtxdu1UDQ")
COLUMNS = (
    "started_at",
    "gateway",
    "mos",
    "duration",
    "trunk_group",
    "ip",
    "record_type",
    "callednum",
    "callingnum",
    "post_dial_delay",
    "holding",
    "answered",
)
TABLE = """
CREATE TABLE call_records (
  started_at timestamptz NOT NULL,
  gateway text NOT NULL,
  mos double precision,              -- mean opinion score, 1 to 5; of answered calls
  duration double precision,         -- seconds of talk; of answered calls
  trunk_group text NOT NULL,
  ip text NOT NULL,
  record_type integer NOT NULL,
  callednum text NOT NULL,
  callingnum text NOT NULL,
  post_dial_delay double precision NOT NULL,  -- seconds from the last digit to ringing, or to the failure
  holding double precision NOT NULL,          -- seconds for which a circuit was held
  answered integer NOT NULL
)
"""
INDEX = "CREATE INDEX ON call_records (started_at)"

MINUTE = 60
DAY = 86_400
Call = tuple[datetime, str, float | None, float | None, str, str, int, str, str, float, float, int]


@dataclass(frozen=True, slots=True)
class Fault:
    """``kind``: ``failure``: nearly no bid is answered, late, and what is answered sounds bad; ``fraud``:
    machines make long calls to dear numbers, at night. Times in seconds since the first call."""

    kind: str
    trunk_group: str
    begin_s: int
    end_s: int


def planted(days: int) -> tuple[Fault, Fault]:
    """A trunk that fails for two hours in the afternoon before last, and a fraud in the last night."""
    return (
        Fault("failure", TRUNK_GROUPS[1], (days - 2) * DAY + 14 * 3_600, (days - 2) * DAY + 16 * 3_600),
        Fault("fraud", TRUNK_GROUPS[4], (days - 1) * DAY + 3 * 3_600, (days - 1) * DAY + 5 * 3_600),
    )


def calls(begin_s: int, days: int, seed: int = 1, faults: tuple[Fault, ...] = ()) -> Iterator[Call]:
    """Some 5,000 a day and trunk group, minute by minute; ``begin_s``: midnight of the first day, UTC."""
    rng = np.random.default_rng(seed)
    for minute in range(days * DAY // MINUTE):
        at_s = minute * MINUTE
        hour = at_s % DAY / 3_600
        for place, trunk in enumerate(TRUNK_GROUPS):
            rate = (1.5 + 0.4 * place) * (0.15 + 0.85 * np.sin(np.pi * hour / 24) ** 2) * 2
            here = [one for one in faults if one.trunk_group == trunk and one.begin_s <= at_s < one.end_s]
            fault = here[0].kind if here else ""
            frauds = rng.poisson(6.0) if fault == "fraud" else 0
            kinds = ["" if fault == "fraud" else fault] * rng.poisson(rate) + ["fraud"] * frauds
            for kind in kinds:
                yield _call(rng, begin_s + at_s + rng.uniform(0, MINUTE), trunk, kind)


def _call(rng: np.random.Generator, at_s: float, trunk: str, fault: str) -> Call:
    answered = rng.random() < {"": 0.62, "failure": 0.05, "fraud": 0.95}[fault]
    delay = float(rng.gamma(9, {"": 0.3, "failure": 1.2, "fraud": 0.3}[fault]))
    talk = float(rng.gamma(25, 36) if fault == "fraud" else rng.exponential(120))
    mos = float(np.clip(rng.normal(2.4 if fault == "failure" else 3.95, 0.1), 1, 5))
    dear = fault == "fraud"
    return (
        datetime.fromtimestamp(at_s, UTC),
        GATEWAYS[rng.integers(len(GATEWAYS))],
        mos if answered else None,
        talk if answered else None,
        trunk,
        f"10.126.{rng.integers(256)}.{rng.integers(256)}",
        1,
        f"{'881' if dear else '7'}{rng.integers(10**7):08}",
        f"{rng.integers(3) if dear else rng.integers(10**9):09}",
        delay,
        delay + (talk if answered else float(rng.exponential(12))),
        int(answered),
    )
