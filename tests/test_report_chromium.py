"""The report in a real browser: no sideways scroll, and the first screen of a phone holds what it must."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess

import backlog_example as example
import pytest

from feedback_mining.reporting.render import render_html

WIDTHS = (360, 390, 768, 1024, 1280, 1600)
# A frame is as wide as asked, where a browser window has a least width of its own.
PROBE = """<!doctype html><meta charset="utf-8"><body><script>
const pages = %s, widths = %s, found = [];
async function look(name, width) {
  const frame = document.createElement("iframe");
  frame.style.cssText = `border:0;width:${width}px;height:844px`;
  frame.srcdoc = pages[name];
  const loaded = new Promise(resolve => frame.onload = resolve);
  document.body.append(frame);
  await loaded;
  const page = frame.contentDocument, root = page.documentElement;
  const figures = page.querySelector(".figures").getBoundingClientRect().bottom;
  const closed = root.scrollWidth;
  page.querySelectorAll("details").forEach(d => d.open = true);
  const font = frame.contentWindow.getComputedStyle(page.body).fontSize;
  found.push({name, width, closed, open: root.scrollWidth, figures, font});
  frame.remove();
}
(async () => {
  for (const name in pages) for (const width of widths) await look(name, width);
  const out = document.createElement("pre");
  out.id = "found";
  out.textContent = JSON.stringify(found);
  document.body.append(out);
})();
</script>"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], dict[str, float]]:
    """(page, width) → scroll width with all closed and all opened, and where the four figures end, in px."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        reason = "no Chromium found; install it with: apt-get install chromium fonts-noto-cjk"
        if os.environ.get("FEEDBACK_MINING_REQUIRE_ALL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("chromium")
    pages = {
        make.__name__: render_html(make(), themes=example.THEMES)
        for make in (example.typical, example.first_week, example.small, example.hostile)
    } | {"english": render_html(example.english(), "en")}
    probe = folder / "probe.html"
    embedded = json.dumps(pages).replace("</", "<\\/")
    probe.write_text(PROBE % (embedded, json.dumps(WIDTHS)), "utf-8")
    command = [
        browser,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        f"--user-data-dir={folder / 'profile'}",
        "--virtual-time-budget=20000",
        "--dump-dom",
        probe.as_uri(),
    ]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=180, check=True).stdout
    match = re.search(r'<pre id="found">(.*?)</pre>', shown, re.DOTALL)
    assert match, "the browser did not finish measuring"
    return {(found["name"], found["width"]): found for found in json.loads(html.unescape(match[1]))}


@pytest.mark.parametrize("width", WIDTHS)
def test_no_sideways_scroll(measured: dict[tuple[str, int], dict[str, float]], width: int) -> None:
    pages = {name for name, _ in measured}
    assert pages == {"typical", "first_week", "small", "hostile", "english"}
    wider = {name: measured[name, width] for name in pages if measured[name, width]["open"] > width}
    assert wider == {}
    assert all(measured[name, width]["closed"] <= width for name in pages)


@pytest.mark.parametrize("name", ["typical", "first_week", "small", "english"])
def test_the_first_phone_screen_holds_the_sentences_and_the_figures(
    measured: dict[tuple[str, int], dict[str, float]], name: str
) -> None:
    assert 0 < measured[name, 390]["figures"] <= 844


def test_body_text_is_sixteen_pixels(measured: dict[tuple[str, int], dict[str, float]]) -> None:
    assert {found["font"] for found in measured.values()} == {"16px"}
