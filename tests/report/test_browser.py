"""A real browser opens the pages: does the script run, and does nothing complain?"""

from __future__ import annotations

import base64
import csv
import hashlib
import html
import io
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from hiermeta.figures import palette
from hiermeta.figures.svg import SVG

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
]

REPORT = """
const report = (value) => {
  const element = document.createElement("pre");
  element.id = "reported";
  element.textContent = JSON.stringify(value);
  document.body.append(element);
};
"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: apt-get install chromium")


def opened(path: Path, profile: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Open a page and return what the browser printed: the page after its script ran, and the console."""
    command = [str(CHROMIUM), *OPTIONS, f"--user-data-dir={profile}", *options, path.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


def after(path: Path, folder: Path, script: str, *options: str) -> Any:
    """What a script hands to `report` once the page is open, in a browser with these further options.

    The page's policy stays as it is but for the hash of this one script.
    """
    text = REPORT + script
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    page = path.read_text(encoding="utf-8").replace("script-src ", f"script-src 'sha256-{digest}' ", 1)
    copy = folder / "page.html"
    copy.write_text(page.replace("</body>", f"<script>{text}</script></body>"), encoding="utf-8")
    shown = opened(copy, folder / "profile", "--virtual-time-budget=60000", "--dump-dom", *options).stdout
    found = re.search(r'<pre id="reported">(.*?)</pre>', shown, re.S)
    assert found, "the script handed nothing over"
    return json.loads(html.unescape(found[1]))


def column(path: Path, name: str, key: str) -> list[float]:
    """Numbers of a column of the file beside the page."""
    with (path.parent / name).open(encoding="utf-8", newline="") as stream:
        return [float(row[key]) for row in csv.DictReader(stream)]


def test_a_click_sorts_a_table(results: Path, tmp_path: Path) -> None:
    """Are rows put in the order of the numbers behind the rounded ones, upwards first, then downwards?

    Seen to fail with rows sorted as text and with the descending order missing.
    """
    path = results / "clustered" / "report.html"
    script = """
    const table = document.getElementById("table-effects");
    const index = [...table.tHead.rows[0].cells].findIndex((cell) => cell.dataset.key === "mean");
    const values = () => [...table.tBodies[0].rows].map((row) => Number(row.cells[index].dataset.value));
    const orders = [];
    for (let i = 0; i < 2; i++) {
      table.tHead.rows[0].cells[index].querySelector("button").click();
      orders.push([table.tHead.rows[0].cells[index].getAttribute("aria-sort"), values()]);
    }
    report(orders);
    """
    expected = [float(f"{value:.8g}") for value in sorted(column(path, "true_effects.csv", "mean"))]
    assert after(path, tmp_path, script) == [["ascending", expected], ["descending", expected[::-1]]]


def test_a_table_downloads_as_csv(results: Path, tmp_path: Path) -> None:
    """Does the button hand over the numbers of the file to eight digits, and labels that no spreadsheet runs?

    Seen to fail with formulas left as they are in downloads.
    """
    path = results / "hostile" / "report.html"
    script = """
    let blob;
    URL.createObjectURL = (given) => { blob = given; return "#"; };
    HTMLAnchorElement.prototype.click = function () {
      blob.text().then((text) => report([this.download, text]));
    };
    const caption = document.getElementById("table-effects").caption;
    [...caption.querySelectorAll("button")].find((button) => button.textContent === "CSV").click();
    """
    name, text = after(path, tmp_path, script)
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert name == "table-effects.csv"
    at = rows[0].index("Mean")
    expected = column(path, "true_effects.csv", "mean")
    assert [float(row[at]) for row in rows[1:]] == pytest.approx(expected, rel=5e-8)
    assert not [cell for row in rows for cell in row if re.match(r"[=+@]|-[^\d]", cell)]


@pytest.mark.parametrize(
    "page",
    [
        "clustered/report.html",
        "hostile/report.html",
        "moderated/report.html",
        "scale/report.html",
        "slopes/report.html",
        "logit/report.html",
        "refused/report.html",
        "overview.html",
    ],
)
def test_pages_open_without_complaint(results: Path, tmp_path: Path, page: str) -> None:
    """Does the script run under the page's own policy, and is the console silent?

    Seen to fail with the hash of another script in the page's policy.
    """
    shown = opened(results / page, tmp_path, "--dump-dom")
    assert "<caption" in shown.stdout and re.search(r"<caption[^>]*>[^<]*<button", shown.stdout), (
        "the script did not run"
    )
    assert not re.findall(r"CONSOLE.*", shown.stderr)


@pytest.mark.parametrize(("width", "cut"), [(500, True), (1400, False)])
def test_what_is_cut_says_so(results: Path, tmp_path: Path, width: int, cut: bool) -> None:
    """Do parts wider than a phone scroll by themselves under a line that says so, and only those?

    Headless windows are at least 500 pixels wide. Seen to fail with a script that never looks, and with one that takes
    every part for cut.
    """
    script = """
    for (const part of document.querySelectorAll("details")) part.open = true;
    setTimeout(() => report([document.documentElement.scrollWidth - innerWidth,
      [...document.querySelectorAll(".scroll")].filter((part) => part.clientWidth).map((part) => [
        part.closest("figure") !== null,
        part.scrollWidth > part.clientWidth,
        getComputedStyle(part, "::before").content.startsWith('"Scroll sideways'),
      ])]), 1000);
    """
    beyond, parts = after(results / "clustered" / "report.html", tmp_path, script, f"--window-size={width},900")
    assert beyond <= 0
    assert all(wider == said for _, wider, said in parts)
    assert {wider for is_figure, wider, _ in parts if is_figure} == {cut}


@pytest.mark.parametrize(("width", "shown"), [(500, [False, True]), (1400, [True, False])])
def test_a_phone_gets_the_narrow_forest_plot(results: Path, tmp_path: Path, width: int, shown: list[bool]) -> None:
    """Is one of the two forest plots there, the narrow one on a phone, within its width?

    Seen to fail with both of them shown.
    """
    script = """
    report([...document.querySelectorAll("#forest svg")].map((svg) => svg.getBoundingClientRect()).map(
      (box) => [box.width > 0, box.right <= innerWidth]));
    """
    found = after(results / "clustered" / "report.html", tmp_path, script, f"--window-size={width},900")
    assert [visible for visible, _ in found] == shown and all(inside for _, inside in found)


@pytest.mark.parametrize("kind", ["SVG", "PNG"])
def test_a_figure_downloads(results: Path, tmp_path: Path, kind: str) -> None:
    """Does a button give a figure that needs no page: its colours and letters its own, as PNG twice as large?

    Seen to fail with colours that only the page knows, and with an image of the same size.
    """
    script = """
    let blob;
    URL.createObjectURL = (given) => { blob = given; return "#"; };
    HTMLAnchorElement.prototype.click = function () {
      if (KIND === "SVG") blob.text().then((text) => report([this.download, text]));
      else createImageBitmap(blob).then((image) => report([this.download, [image.width, image.height]]));
    };
    [...document.querySelectorAll("#figure-funnel button")].find((button) => button.textContent === KIND).click();
    """.replace("KIND", f'"{kind}"')
    name, content = after(results / "moderated" / "report.html", tmp_path, script)
    assert name == f"funnel.{kind.lower()}"
    written = ElementTree.fromstring((results / "moderated" / "figures" / "funnel.svg").read_text(encoding="utf-8"))
    if kind == "PNG":
        assert content == [2 * float(written.attrib[side]) for side in ("width", "height")]
        return
    root = ElementTree.fromstring(content)
    used = {element.get(key, "none") for element in root.iter() for key in ("fill", "stroke")}
    assert used <= {"none", *palette.TOKENS}, used
    assert [text.text for text in root.iter(f"{{{SVG}}}text")] == [text.text for text in written.iter(f"{{{SVG}}}text")]
    assert all(text.get("fill") and text.get("font-size") for text in root.iter(f"{{{SVG}}}text"))


@pytest.mark.parametrize("name", ["clustered", "unclustered", "moderated", "slopes", "logit"])
def test_card_and_lights_fit_a_phone(results: Path, tmp_path: Path, name: str) -> None:
    """Are card and lights, with the page's head above them, in view on a phone of 390 by 844 pixels?

    Seen to fail with the lights below the sentences.
    """
    script = """
    document.body.style.width = "390px";
    report(document.querySelector(".lights").getBoundingClientRect().bottom);
    """
    assert after(results / name / "report.html", tmp_path, script, "--window-size=500,844") <= 844


@pytest.mark.parametrize("name", ["clustered", "unclustered", "hostile", "moderated", "slopes", "logit", "hundred"])
def test_a_print_begins_with_two_pages(results: Path, tmp_path: Path, name: str) -> None:
    """Do answer and main figure or table fill two printed pages at most, before the appendix?

    Seen to fail with folded tables printed among them.
    """
    text = (results / name / "report.html").read_text(encoding="utf-8")
    assert text.count(">Appendix<") == 1
    page, target = tmp_path / "page.html", tmp_path / "summary.pdf"
    page.write_text(
        re.sub(r'<p class="appendix".*?</footer>', "</main></div>", text, flags=re.DOTALL), encoding="utf-8"
    )
    opened(page, tmp_path / "profile", f"--print-to-pdf={target}")
    assert len(re.findall(rb"/Type\s*/Page\b", target.read_bytes())) <= 2


def test_a_report_prints(results: Path, tmp_path: Path) -> None:
    """Does printing give a PDF of a few pages, as many with tables folded on the screen as with all of them open?

    Seen to fail with folded tables that print folded and with the page's content hidden.
    """
    path, unfolded = results / "clustered" / "report.html", tmp_path / "unfolded.html"
    unfolded.write_text(path.read_text(encoding="utf-8").replace("<details>", "<details open>"), encoding="utf-8")
    pages = []
    for page in (path, unfolded):
        target = tmp_path / "report.pdf"
        opened(page, tmp_path / "profile", f"--print-to-pdf={target}")
        content = target.read_bytes()
        assert content.startswith(b"%PDF")
        pages.append(len(re.findall(rb"/Type\s*/Page\b", content)))
    assert 4 <= pages[0] == pages[1] <= 20
