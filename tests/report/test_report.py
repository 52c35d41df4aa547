"""The report of one data set: is every number the file's, is it safe, is it complete?"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from html_tree import Node, parse

from hiermeta.data.measures import TRANSFORMATIONS
from hiermeta.figures.catalogue import write_figures
from hiermeta.report.comparison import RECIPROCAL
from hiermeta.report.context import write_report
from hiermeta.report.tables import WITH_REASON

HIERARCHICAL = ("slopes", "few", "hundreds", "logit", "rates")
NAMES = (
    *HIERARCHICAL,
    "clustered",
    "common",
    "crashed",
    "failed",
    "hostile",
    "huge",
    "many",
    "moderated",
    "refused",
    "scale",
    "unclustered",
)
WITH_NUMBERS = ("clustered", "hostile", "many", "moderated", "scale", "unclustered", *HIERARCHICAL)


VIA = TRANSFORMATIONS | {RECIPROCAL: lambda x: np.exp(-x)}
"""How a printed value may follow from the file's."""


def page(results: Path, name: str) -> Node:
    return parse((results / name / "report.html").read_text(encoding="utf-8"))


class Printed(NamedTuple):
    """A number on a page: where it says it is from, its value, its text, and how it was transformed, if at all."""

    source: str
    value: str
    text: str
    via: str
    in_table: bool


def looked_up(folder: Path, source: str) -> object:
    """What stands in the files at FILE/KEY/KEY; the file may lie in a folder."""
    file, path = re.fullmatch(r"(.+?\.(?:csv|json))/(.+)", source).groups()
    if file.endswith(".csv"):
        row, _, column = path.partition("/")
        with (folder / file).open(encoding="utf-8", newline="") as stream:
            return float(list(csv.DictReader(stream))[int(row)][column] or "nan")
    value = json.loads((folder / file).read_text(encoding="utf-8"))
    for key in path.split("/"):
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


def within(row: Node) -> str:
    """The place in the files that a table row is made from: in the table's own file, or in another that it names."""
    place, table = row.attributes["data-from"], row.parent.parent
    return place if re.search(r"\.(csv|json)(/|$)", place) else f"{table.attributes['data-file']}/{place}"


def sourced(root: Node) -> list[Printed]:
    """Every number on a page: in sentences, and in tables, whose columns and rows name what their cells share."""
    found = []
    for node in root.walk():
        via, in_table = node.attributes.get("data-via", ""), node.tag != "data"
        if node.tag == "data":
            found.append(Printed(node.attributes["data-from"], node.attributes["value"], node.text, via, in_table))
        elif (
            node.tag in ("td", "th") and node.attributes.get("class", "n") == "n" and node.attributes.get("data-value")
        ):
            row = node.parent
            cells = [part for part in row.content if isinstance(part, Node)]
            head = row.parent.parent.all("thead")[0].all("th")[cells.index(node)]
            source = node.attributes.get("data-from") or head.attributes["data-key"]
            if ".json/" not in source and ".csv/" not in source:
                source = f"{within(row)}/{source}"
            found.append(Printed(source, node.attributes["data-value"], node.text, via, in_table))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_number_is_the_one_in_the_file(results: Path, name: str) -> None:
    """Is the value behind every printed number that of the file and cell it names?

    Sentences hold all digits, tables eight: half a unit of the eighth is at most 5e-8 of the value.

    Seen to fail with the mean where a limit belongs.
    """
    numbers = sourced(page(results, name))
    if name == "huge":
        numbers = numbers[::40]
    assert name in ("refused", "crashed") or len(numbers) > 60
    for source, value, _, via, in_table in numbers:
        expected = looked_up(results / name, source)
        if via == WITH_REASON:
            continue  # counted in test_hierarchical
        if via:
            expected = float(VIA[via](np.asarray(expected)))
        if expected is not None:
            expected = pytest.approx(expected, rel=5e-8 if in_table else 1e-14, abs=0)
        assert (value == "") if expected is None else float(value) == expected, source


@pytest.mark.parametrize("name", WITH_NUMBERS)
def test_what_is_printed_is_that_value_rounded(results: Path, name: str) -> None:
    """Does the text of a number round its value, rather than show something else?

    Means that are parts of another mean may be off by up to one unit, so that they add up to it. Seen to fail with
    texts that round another number.
    """
    parts = {place for places in additive(results / name).values() for place in places}
    for source, value, text, _, _ in sourced(page(results, name)):
        plain = text.replace("−", "-").replace(",", "")
        if re.fullmatch(r"-?\d+(\.\d+)?", plain):
            decimals = len(plain.partition(".")[2])
            # Units coarser than one (12,300) are allowed to be off by half of the last digit that is not zero.
            unit = 10.0 ** (len(plain) - len(plain.rstrip("0"))) if decimals == 0 else 10.0**-decimals
            assert abs(float(plain) - float(value)) <= (1.0 if source in parts else 0.5) * unit * (1 + 1e-9), source
        elif "%" in text:
            assert abs(float(re.search(r"[\d.]+", text)[0]) - 100 * float(value)) <= 1.0, source


def additive(folder: Path) -> dict[str, list[str]]:
    """Places of means that are sums, each with the places of its parts."""
    found: dict[str, list[str]] = {}
    for file in ("heterogeneity.csv", "clustering.csv"):
        if (folder / file).exists():
            with (folder / file).open(encoding="utf-8", newline="") as stream:
                names = [row["quantity"] for row in csv.DictReader(stream)]
            for i, name in enumerate(names):
                null = name.endswith(" [null]")
                start, end = f"{name.removesuffix(' [null]')} [", ", null]" if null else "]"
                own = [j for j, other in enumerate(names) if other.startswith(start) and other.endswith(end) and i != j]
                own = [j for j in own if null or not names[j].endswith("null]")]
                if own and name in ("tau2", "I2", "ICC", "ICC [null]"):
                    found[f"{file}/{i}/mean"] = [f"{file}/{j}/mean" for j in own]
    return found


@pytest.mark.parametrize("name", WITH_NUMBERS)
def test_parts_add_up_as_printed(results: Path, name: str) -> None:
    """Do variances and shares within and between clusters, and those of each factor, add up to their printed sum?

    So do the probabilities of the models compared, in whole per cent.
    """
    texts = {source: text for source, _, text, _, _ in sourced(page(results, name))}
    for total, parts in additive(results / name).items():
        if all(place in texts for place in (total, *parts)):
            assert sum(Decimal(texts[place]) for place in parts) == Decimal(texts[total]), total
    shares = [texts[place] for place in texts if re.fullmatch(r"comparison\.csv/\d+/posterior_probability", place)]
    if shares and all(share[0].isdigit() for share in shares):
        assert sum(int(share.rstrip("%")) for share in shares) == 100
    if name in ("clustered", "many"):
        assert len(additive(results / name)) == 2


@pytest.mark.parametrize("name", WITH_NUMBERS)
def test_no_digit_beyond_the_monte_carlo_error(results: Path, name: str) -> None:
    """Is the last printed digit worth twice the Monte Carlo error (once for limits), unless half an SD is coarser?

    Each by its own error. Limits have further digits only where one digit less would read as zero. Seen to fail with
    ten times as many digits as the Monte Carlo error supports.
    """
    folder, checked = results / name, 0
    for source, value, text, via, _ in sourced(page(results, name)):
        file, _, path = source.partition("/")
        column = path.rpartition("/")[2]
        if file not in ("estimates.csv", "heterogeneity.csv", "predictions.csv", "true_effects.csv"):
            continue
        if via or column not in ("mean", "median", "q2.5", "q97.5"):
            continue
        row = path.partition("/")[0]
        error = looked_up(folder, f"{file}/{row}/mcse_{column}")
        sd = looked_up(folder, f"{file}/{row}/sd")
        digits = len(text.partition(".")[2])
        unit = 10.0 ** (-digits if digits else len(text) - len(text.rstrip("0")))
        factor = 1 if column.startswith("q") else 2
        needed = column.startswith("q") and round(float(value), digits - 1) == 0
        assert unit >= factor * error or 10 * unit > sd / 2 or needed, source
        checked += 1
    assert checked > 30


@pytest.mark.parametrize("name", WITH_NUMBERS)
def test_no_limit_is_printed_as_zero_unless_it_is(results: Path, name: str) -> None:
    """Does an interval on the page end at zero only where it does in the file, and keep the sides of zero it covers?"""
    for source, value, text, _, _ in sourced(page(results, name)):
        if re.search(r"/(q2\.5|q97\.5|ci/[01]|pi/[01]|ci_low|ci_high)$", source) and text not in ("–", "∞", "−∞"):
            number = float(value)
            assert bool(re.search(r"[1-9]", text)) == (number != 0), source
            assert text.startswith("−") == (number < 0), source


@pytest.mark.parametrize("name", WITH_NUMBERS)
def test_the_answer_has_no_number_of_its_own(results: Path, name: str) -> None:
    """Do all digits of the answer, but for the names 95% and the like and a rule of thumb, come from the files?

    Seen to fail with I² written into the answer without its place in the files.
    """
    answer = page(results, name).by_id("answer")
    own = "".join(part for node in answer.walk() if node.tag == "p" for part in node.content if isinstance(part, str))
    names = r"95% (credible|prediction) interval|q97\.5|q2\.5|(above|below) 0\.05 "
    assert re.sub(names, "", own).strip(" %")
    assert not re.search(r"\d", re.sub(names, "", own))


def test_sections_stand_in_the_promised_order(results: Path) -> None:
    """Does a reader meet answer, health, data, model, forest, ... in that order, and a contents list that matches?

    Seen to fail with sections in the reverse order.
    """
    root = page(results, "clustered")
    sections = [node.attributes["id"] for node in root.all("section")]
    assert sections == [
        "answer", "health", "data", "model", "forest", "heterogeneity", "prior-posterior", "exact", "effects",
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
    assert max(map(len, texts)) < 60, "long labels are shortened in the figure"
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
        ("hundred", 330),
        ("huge", 500),
        ("few", 300),
        ("logit", 300),
        ("slopes", 300),
        ("hundreds", 330),
    ],
)
def test_reports_stay_small(results: Path, name: str, limit: int) -> None:
    """Is the page within its size, in kB?

    `hundred` has, beside 100 rows in 80 clusters, two formulas with interactions.

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
    assert ("Orchard plot" in page(results, name).by_id("forest").text) == drawn
