"""How good the readings are, in one table: `make bench-quality`.

Sections: products (each product left out once), public (labelled sets of others), encoder (pairs of
sentences held out), speed. All but speed need the shared data. Trainings and predictions are kept in the
work folder and made once: remove it to measure anew.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from rows import Row, table

ROOT = Path(__file__).resolve().parent.parent
SECTIONS = ("products", "public", "encoder", "speed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "quality")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="may be given several times")
    parser.add_argument(
        "--unlabelled",
        type=Path,
        default=ROOT / "build" / "quality" / "products" / "encoder",
        help="folder whose tokenizer.json and skipgram.npy are used again (the section products makes them)",
    )
    parser.add_argument(
        "--labels",
        type=Path,
        nargs="*",
        default=[],
        help="further annotated files that products are trained on",
    )
    options = parser.parse_args()
    wanted = options.only or SECTIONS
    if set(wanted) - {"speed"} and not (options.shared / "data").is_dir():
        sys.exit(f"No data/ in {options.shared}; name the folder with --shared, or measure --only speed")
    rows = [row for section in SECTIONS if section in wanted for row in measure(section, options)]
    print(table(rows), flush=True)


def measure(section: str, options: argparse.Namespace) -> list[Row]:
    print(f"measuring {section}", file=sys.stderr, flush=True)
    if section == "speed":
        import speed

        return speed.rows()
    if section == "public":
        import public_sets

        note = "a fifth of each set, near-duplicates together"
        return [
            Row("public sets", name, f"{ours:.3f}", "–" if floor is None else f"{floor:.3f}", goal, note)
            for name, ours, floor, goal in public_sets.rows(options.shared)
        ]
    if section == "products":
        import held_out_products

        return held_out_products.rows(options.shared, options.work / "products", options.labels)
    import held_out_pairs

    from feedback_mining.encoders import ACCURATE

    pairs, encoder = held_out_pairs.prepared(options.shared, options.work, options.unlabelled)
    return [*held_out_pairs.rows(pairs, encoder), *held_out_pairs.rows(pairs, ACCURATE)]


if __name__ == "__main__":
    main()
