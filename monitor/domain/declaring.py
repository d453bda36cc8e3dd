"""What sources know of their metrics, and the system of its own, is declared where nobody has."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any

from monitor.domain.declared import Declared
from monitor.domain.errors import IntakeUnavailable, Refused

log = logging.getLogger(__name__)

Declarations = Callable[[], Mapping[str, Mapping[str, Any]]]
Declare = Callable[[str, Mapping[str, Any]], None]


def declare_missing(
    declarations: Declarations, declare: Declare, wanted: Mapping[str, Mapping[str, Any]]
) -> bool:
    """False where the intake took no declaration, and it is to be tried again; a metric beyond the limit of
    declarations stays undeclared."""
    known = Declared(declarations())
    for metric, said in wanted.items():
        try:
            if known.holding(metric) is None:
                declare(metric, said)
        except Refused as error:
            log.warning("%s stays undeclared: %s", metric, error)
        except IntakeUnavailable:
            return False
    return True


def declare_counters(declarations: Declarations, declare: Declare, metrics: Collection[str]) -> None:
    """Raises IntakeUnavailable: their first samples must not be taken for a gauge's."""
    if not declare_missing(declarations, declare, {metric: {"kind": "cumulative"} for metric in metrics}):
        raise IntakeUnavailable("counters cannot be declared now")
