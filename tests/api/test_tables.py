"""Tables of the command line, as wide as the terminal is."""

from __future__ import annotations

import pytest
from rich.console import Console

from api.tables import table

COLUMNS = {"priority": "priority", "start_ms": "start (UTC)", "score": "score", "title": "title", "id": "id"}
ROW = {"priority": "P1", "start_ms": 1_360_350_000_000, "score": 97.26, "id": "0f" * 8 + "-1360350000000"}
TITLE = "Cancelled share up at EWR, JFK and LGA since 8 Feb 14:00; 41 series [red]\x1b[31m"


def printed(width: int, rows: int = 2) -> list[str]:
    console = Console(width=width, color_system=None, highlight=False)
    with console.capture() as capture:
        console.print(table([ROW | {"title": TITLE}] * rows, COLUMNS))
    return capture.get().splitlines()


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_where_there_is_no_room_for_a_table_ids_and_times_stay_whole(width: int) -> None:
    lines = printed(width)
    assert max(map(len, lines)) <= width
    assert any("2013-02-08 19:00" in line for line in lines)
    assert any(str(ROW["id"]) in line for line in lines)
    assert "[red]" in "".join(lines)
    assert "\x1b" not in "".join(lines)


def test_where_there_is_room_it_is_a_table_with_a_row_a_line() -> None:
    lines = printed(200)
    assert len(lines) == 6
    assert sum("2013-02-08 19:00" in line and str(ROW["id"]) in line for line in lines) == 2
    assert len(printed(200, rows=0)) == 4 or len(printed(200, rows=0)) == 3
