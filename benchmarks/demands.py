"""Prints one table: demands against the annotators', emerging issues, search, stability and speed.

    make bench-demands [ONLY=gold] [LABELS="file …"]

`gold` trains models without each product, as `make bench-quality ONLY=products` does, unless its folder has them.
"""

from __future__ import annotations

import argparse
import os
import sys
from importlib.util import find_spec
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # all methods on one core
os.environ.setdefault("NUMBA_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from rows import Row, table

ROOT = Path(__file__).resolve().parent.parent
SECTIONS = ("gold", "stability", "emerging", "search", "speed", *(["scale"] if find_spec("scale") else []))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "demands")
    parser.add_argument(
        "--models",
        type=Path,
        default=ROOT / "build" / "quality" / "products",
        help="work folder of held_out_products, whose folds are trained where they are missing",
    )
    parser.add_argument("--only", choices=SECTIONS, action="append", help="may be given several times")
    parser.add_argument(
        "--labels",
        type=Path,
        nargs="*",
        default=[],
        help="further annotated files that products are trained on",
    )
    options = parser.parse_args()
    wanted = options.only or SECTIONS
    if not (options.shared / "data").is_dir():
        sys.exit(f"No data/ in {options.shared}; name the folder with --shared")
    options.work.mkdir(parents=True, exist_ok=True)
    rows = [row for section in SECTIONS if section in wanted for row in measure(section, options)]
    print(table(rows), flush=True)


def measure(section: str, options: argparse.Namespace) -> list[Row]:
    print(f"measuring {section}", file=sys.stderr, flush=True)
    if section == "gold":
        import demand_gold

        return demand_gold.rows(options.shared, options.models, options.labels)
    if section == "emerging":
        import emerging

        return emerging.rows(options.shared, options.work)
    if section == "search":
        import search

        return search.rows(options.shared, options.models, options.labels)
    if section == "scale":
        import scale

        return scale.rows(options.shared, options.work)
    import demand_stability

    return (
        demand_stability.rows(options.shared)
        if section == "stability"
        else demand_stability.speed_rows(options.shared)
    )


if __name__ == "__main__":
    main()
