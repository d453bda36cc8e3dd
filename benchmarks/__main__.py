"""``python -m benchmarks [NAME …] [--json] [--toy]``: exit code 0 whether goals are reached or not."""

from __future__ import annotations

import argparse

from rich.console import Console

from benchmarks.cache import use_own_cache
from benchmarks.catalogue import NAMES, SPEED, benchmark
from benchmarks.figure import Figure
from benchmarks.report import as_json, machine, show


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Speed, as ratios in one run, and quality."
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; those of speed if none"
    )
    parser.add_argument("--json", action="store_true", help="JSON instead of tables")
    parser.add_argument("--toy", action="store_true", help="small sizes, only to see that all works")
    parser.add_argument("--held-back", action="store_true", help="with real: the half that is kept back")
    chosen = parser.parse_args()
    unknown = sorted(set(chosen.names) - set(NAMES))
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}")
    if chosen.held_back:
        chosen.names = ["real_held_back" if name == "real" else name for name in chosen.names]
    use_own_cache()  # before anything imports Numba
    console, err = Console(width=120), Console(stderr=True)
    where = machine()
    results: dict[str, list[Figure]] = {}
    if not chosen.json:
        console.print(" · ".join(f"{key} {value}" for key, value in where.items()))
    for name in chosen.names or SPEED:
        with err.status(f"measuring {name}"):
            one = benchmark(name)
            results[name] = one.run(chosen.toy)
        if not chosen.json:
            show(console, name, one.TITLE, results[name])
    if chosen.json:
        print(as_json(results, where))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
