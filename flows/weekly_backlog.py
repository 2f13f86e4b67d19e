"""Monday morning: the backlog of the week that has just ended."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from prefect import flow

from feedback_mining.console import backlog_lines, say
from feedback_mining.errors import FeedbackMiningError
from feedback_mining.pipeline.choose import product_in_store
from feedback_mining.pipeline.publish import load_backlog
from flows.steps import Lang, expand, import_comments, mine, open_run_store, publish_week, settings_for


@flow
def weekly_backlog(
    files: list[str] | None = None,
    product: str | None = None,
    week: str | None = None,
    out: Path = Path("out"),
    store: str | None = None,
    lang: Lang = "zh",
) -> Path:
    """Import files if any are given (paths or patterns), mine a week, publish it.

    week: ISO week such as 2019-W16, by default the last one that is over. store: see the flow `ingest`.
    Returns the path of backlog.json.
    """
    found = expand(files or [])
    if found:
        product = import_comments(found, product, out, store, lang)
    else:
        with open_run_store(out, settings_for(store)) as opened:
            product = product_in_store(opened, product)
    return publish_week(product, mine(product, week, out, store, lang), out, store, lang)


def main() -> int:
    """Run the flow here and now, without a server, and show the week on the terminal."""
    parser = argparse.ArgumentParser(prog="python -m flows.weekly_backlog", description=main.__doc__)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--product")
    given = parser.parse_args()
    path = weekly_backlog(given.files, given.product)
    backlog = load_backlog(json.loads(path.read_text(encoding="utf-8")))
    sys.stdout.write("\n".join(backlog_lines(backlog, "zh", path.with_name("report.html"))) + "\n")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except FeedbackMiningError as error:
        sys.stderr.write(say("error", "zh", error) + "\n")
        sys.exit(error.exit_code)
