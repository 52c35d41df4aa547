"""The report of one data set: is it safe, is it complete, does it say what it shows?"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest
from html_tree import parse
from pages import NAMES, WITH_NUMBERS, page

from hiermeta.figures.catalogue import write_figures
from hiermeta.report.context import write_report


def test_sections_stand_in_the_promised_order(results: Path) -> None:
    """Does a reader meet the answer, what it rests on, checks, the model and technical parts, in contents and page?

    Seen to fail with sections in the reverse order.
    """
    root = page(results, "clustered")
    sections = [node.attributes["id"] for node in root.all("section")]
    assert sections == [
        "answer", "forest", "heterogeneity", "effects", "health", "data", "model", "prior-posterior", "exact",
        "diagnostics", "provenance", "glossary",
    ]  # fmt: skip
    contents = [node.attributes["href"].removeprefix("#") for node in root.all("nav")[0].all("a")]
    assert contents == sections


@pytest.mark.parametrize(("name", "rows"), [("clustered", 11), ("unclustered", 4)])
def test_the_heterogeneity_table_is_complete(results: Path, name: str, rows: int) -> None:
    """Are all eleven rows (four without clusters) there, each with an explanation?

    Seen to fail without the last row of the heterogeneity table.
    """
    body = page(results, name).by_id("table-heterogeneity").all("tbody")[0]
    assert len(body.all("tr")) == rows
    assert all(len(row.all("td")[-1].text) > 20 for row in body.all("tr"))


@pytest.mark.parametrize("name", NAMES)
def test_the_page_asks_for_nothing_and_allows_nothing(results: Path, name: str) -> None:
    """Is the file self-contained, and does its policy allow exactly its own style and script?

    Seen to fail with a policy that allows every source and with the hash of another script in the page's policy.
    """
    text = (results / name / "report.html").read_text(encoding="utf-8")
    root = parse(text)
    for node in root.walk():
        for attribute in ("src", "href", "action", "data", "poster", "srcset"):
            target = node.attributes.get(attribute, "")
            assert re.match(r"^(#|\.\./overview\.html$|data:,$|$)", target), (node.tag, target)
        assert not [key for key in node.attributes if key.startswith("on") or key == "style"], node.tag
    scripts, styles = root.all("script"), root.all("style")
    assert len(scripts) == len(styles) == 1
    policy = next(
        m for m in root.all("meta") if "content-security-policy" in m.attributes.get("http-equiv", "").lower()
    )
    for node in (*scripts, *styles):
        digest = base64.b64encode(hashlib.sha256(node.text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy.attributes["content"]
    assert policy.attributes["content"].startswith("default-src 'none'")
    assert "unsafe" not in policy.attributes["content"]


def test_hostile_labels_are_only_text(results: Path) -> None:
    """Do labels with markup, quotes, templates or formulas appear as written, in table and figure, and do nothing?

    Seen to fail with autoescape off.
    """
    root = page(results, "hostile")
    cells = [node.text for node in root.by_id("table-effects").all("td") + root.by_id("table-effects").all("th")]
    for label in (
        "<script>alert('x')</script>",
        "quotes \" and ' & <b>tags</b>",
        "$\\frac{1}{0}$ {{ 7 * 7 }} {% raw %}",
    ):
        assert label in cells
    assert "x" * 195 in "".join(cells)
    figure = root.by_id("forest").all("svg")[0]
    texts = [node.text for node in figure.all("text")]
    assert "<script>alert('x')</script>" in texts
    assert max(map(len, texts)) < 100, "long labels are shortened in the figure"
    assert not root.all("b") and not root.all("i")


def test_text_from_right_to_left_keeps_to_itself(results: Path) -> None:
    """Are foreign labels isolated, so that they can't reorder the numbers beside them?

    Seen to fail without the direction of foreign labels.
    """
    root = page(results, "hostile")
    cell = next(n for n in root.by_id("table-effects").walk() if n.tag in ("td", "th") and n.text.startswith("מחקר"))
    assert cell.attributes["dir"] == "auto"
    drawn = next(node.text for node in root.by_id("forest").all("text") if "מחקר" in node.text)
    assert drawn[0] == "\N{FIRST STRONG ISOLATE}" and drawn[-1] == "\N{POP DIRECTIONAL ISOLATE}"


@pytest.mark.parametrize("name", NAMES)
def test_ids_are_unique_and_references_hold(results: Path, name: str) -> None:
    """Does every anchor, label and reused shape refer to one element that exists?

    Seen to fail without the figure's name in its ids and with one id for all captions.
    """
    root = page(results, name)
    ids = [node.attributes["id"] for node in root.walk() if "id" in node.attributes]
    assert len(set(ids)) == len(ids)
    for node in root.walk():
        wanted = node.attributes.get("aria-labelledby", "").split()
        if node.attributes.get("href", "").startswith("#"):
            wanted.append(node.attributes["href"][1:])
        wanted += re.findall(r"url\(#([^)]*)\)", " ".join(node.attributes.values()))
        assert set(wanted) <= set(ids), wanted


@pytest.mark.parametrize("name", WITH_NUMBERS)
def test_figures_say_what_they_show(results: Path, name: str) -> None:
    """Has every figure an image role, a title and a description with a finding, and colours the page can change?

    Seen to fail with figures that have no role.
    """
    figures = [node for node in page(results, name).all("svg")]
    assert len(figures) >= 5
    for figure in figures:
        assert figure.attributes["role"] == "img"
        assert re.search(r"\d", figure.all("desc")[0].text) or "chains" in figure.all("desc")[0].text
        colours = {node.attributes.get(key, "none") for node in figure.walk() for key in ("fill", "stroke")}
        assert all(colour == "none" or colour.startswith("var(--") for colour in colours), colours


@pytest.mark.parametrize("name", NAMES)
def test_tables_have_captions_and_headers(results: Path, name: str) -> None:
    """Can a screen reader name every table, column and row? Seen to fail without the scope of column heads."""
    for table in page(results, name).all("table"):
        assert table.all("caption")[0].text
        assert all(cell.attributes["scope"] == "col" for cell in table.all("thead")[0].all("th"))
        for row in table.all("tbody")[0].all("tr"):
            assert [cell.attributes.get("scope") for cell in row.all("th")] == ["row"]
            assert len(row.all("td")) + 1 == len(table.all("thead")[0].all("th"))


def test_a_refused_data_set_says_what_to_correct(results: Path) -> None:
    """Does the report name what is wrong, the row, the column and the remedy, and show no result?

    Seen to fail without the remedies of problems.
    """
    root = page(results, "refused")
    table = root.by_id("problems").text
    for text in ("data/x.csv: <b>'o.12'</b> is not a number", "3", "yi", "Write numbers with a point", "5", "vi"):
        assert text in table
    assert "refused" in root.all("header")[0].text
    assert not {"answer", "forest", "heterogeneity"} & {node.attributes["id"] for node in root.all("section")}


def test_a_failed_fit_is_not_to_be_used(results: Path) -> None:
    """Does a fit that did not converge say so before any number, give no answer, and say what to try?

    Seen to fail without the section on failure.
    """
    root = page(results, "failed")
    sections = [node.attributes["id"] for node in root.all("section")]
    assert sections[0] == "failure" and "answer" not in sections
    assert "Do not use the numbers" in root.by_id("failure").text
    assert "adapt_delta" in root.by_id("failure").text
    assert "do not use" in root.all("header")[0].text


def test_a_sampler_that_crashed_says_so(results: Path) -> None:
    """Does a data set without draws get a report with the sampler's message and no numbers?

    Seen to fail without the sampler's message.
    """
    root = page(results, "crashed")
    assert "Chain 2: <exception> at line 12" in root.by_id("failure").text
    assert not {"answer", "forest"} & {node.attributes["id"] for node in root.all("section")}


def test_what_a_prior_fixes_is_not_called_an_estimate(results: Path) -> None:
    """With a point prior on τ, does the answer say that it is fixed, and is it left out of the posterior figures?

    Seen to fail with fixed parameters told as estimates.
    """
    root = page(results, "common")
    assert "fixes it at 0." in root.by_id("answer").text
    assert "True effects differ" not in root.by_id("answer").text
    assert not [node for node in root.by_id("prior-posterior").all("text") if "τ" in node.text]


def test_the_report_names_its_fit(results: Path) -> None:
    """Can a report be traced to the draws it was made from, and to the code that made it?

    Seen to fail with the digest of another file.
    """
    digest = hashlib.sha256((results / "clustered" / "posterior.nc").read_bytes()).hexdigest()
    text = page(results, "clustered").by_id("provenance").text
    assert digest in text
    assert f"0.1.0, commit {'ab' * 20}+changes" in text


@pytest.mark.parametrize("name", ["clustered", "slopes", "logit"])
def test_same_files_same_bytes(results: Path, tmp_path: Path, name: str) -> None:
    """Is a report a function of its files alone? Seen to fail with the time of day on the page."""
    write_figures(results / name, tmp_path)
    for figure in sorted(tmp_path.glob("*.svg")):
        assert figure.read_bytes() == (results / name / "figures" / figure.name).read_bytes()
    write_report(results / name, {"title": f"Title of {name} <&>"}, tmp_path / "again.html", tmp_path / "again.json")
    assert (tmp_path / "again.html").read_bytes() == (results / name / "report.html").read_bytes()


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("clustered", 300),
        ("unclustered", 300),
        ("moderated", 300),
        ("hundred", 360),
        ("huge", 500),
        ("few", 300),
        ("logit", 300),
        ("slopes", 310),
        ("hundreds", 350),
    ],
)
def test_reports_stay_small(results: Path, name: str, limit: int) -> None:
    """Is the page within its size, in kB?

    `hundred` has, beside 100 rows in 80 clusters, two formulas with interactions; it had 330 before the table of
    average effects, and before matplotlib simplified paths in place of our own code. All had 3 kB
    less before figures could be downloaded.

    Seen to fail with tables of all rows.
    """
    assert (results / name / "report.html").stat().st_size <= 1000 * limit


@pytest.mark.parametrize(("name", "drawn"), [("clustered", False), ("many", True), ("huge", True)])
def test_more_than_sixty_estimates_get_an_orchard_plot(results: Path, name: str, drawn: bool) -> None:
    """Is every raw estimate shown where the forest plot shows clusters, and only there?

    Seen to fail without the orchard plot on the page and with one of any number of estimates.
    """
    path = results / name / "figures" / "orchard.svg"
    assert path.exists() == drawn
    assert ("Orchard plot" in page(results, name).by_id("effects").text) == drawn
