"""The overview: do page, TSV and JSON say the same as the files, and are failures seen first?"""

from __future__ import annotations

import csv
import json
import math
import shutil
from pathlib import Path

import pytest
from html_tree import Node, parse

from hiermeta.io.results import Results
from hiermeta.report.overview import write_overview


@pytest.fixture(scope="module")
def overview(results: Path) -> Node:
    return parse((results / "overview.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def records(results: Path) -> dict[str, dict]:
    entries = json.loads((results / "overview.json").read_text(encoding="utf-8"))["datasets"]
    return {entry["name"]: entry for entry in entries}


def rows(overview: Node) -> dict[str, Node]:
    bodies = [overview.by_id(name).all("tbody")[0] for name in ("datasets", "regressions")]
    return {row.all("th")[0].text: row for body in bodies for row in body.all("tr")}


def test_every_data_set_has_its_status(overview: Node, records: dict[str, dict]) -> None:
    """Is each data set listed once, with the status of its own diagnostics?

    Seen to fail with warnings counted as passes.
    """
    passed = ("clustered", "common", "hostile", "huge", "hundred", "many", "moderated", "scale")
    passed += ("few", "hundreds", "logit", "rates", "slopes")
    others = {"crashed": "fail", "failed": "fail", "refused": "refused", "unclustered": "warn"}
    expected = dict.fromkeys(passed, "pass") | others
    assert {name: entry["status"] for name, entry in records.items()} == expected
    shown = {name: row.all("td")[0].attributes["data-value"] for name, row in rows(overview).items()}
    assert shown == expected
    tally = overview.all("ul")[0].text
    assert "2 fail" in tally and "1 refused" in tally and "1 warn" in tally and f"{len(passed)} pass" in tally


def test_numbers_are_those_of_the_files(results: Path, overview: Node, records: dict[str, dict]) -> None:
    """Do JSON and page carry the values of estimates.csv and heterogeneity.csv, to eight digits on the page?

    Seen to fail with the median for the mean effect.
    """
    with (results / "clustered" / "estimates.csv").open(encoding="utf-8", newline="") as stream:
        mu = next(row for row in csv.DictReader(stream) if row["parameter"] == "mu")
    with (results / "clustered" / "heterogeneity.csv").open(encoding="utf-8", newline="") as stream:
        share = next(row for row in csv.DictReader(stream) if row["quantity"] == "I2")
    record = records["clustered"]
    assert (record["effect"], record["q2.5"], record["q97.5"]) == tuple(float(mu[c]) for c in ("mean", "q2.5", "q97.5"))
    assert record["I2"] == float(share["mean"])
    values = [cell.attributes.get("data-value") for cell in rows(overview)["clustered"].all("td")]
    for column in (mu["mean"], mu["q2.5"], mu["q97.5"], share["mean"]):
        assert f"{float(column):.8g}" in values
    assert records["unclustered"]["rho"] is None
    assert records["refused"]["effect"] is None


def test_tsv_and_json_agree(results: Path, records: dict[str, dict]) -> None:
    """Are the two files the same table? Seen to fail without the last data set in the TSV."""
    with (results / "overview.tsv").open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream, delimiter="\t"))
    assert [line["name"] for line in lines] == list(records)
    for line in lines:
        for key, value in records[line["name"]].items():
            shown = line[key]
            assert shown == "" if value in (None, "") else shown == str(value) or float(shown) == value, key


def test_trouble_comes_first_with_the_next_step(overview: Node) -> None:
    """Does the page begin with what failed, why, and what to do?

    Seen to fail with refused data sets before failed ones.
    """
    first = overview.all("section")[0]
    items = first.all("li")
    assert [item.all("a")[0].text for item in items] == ["crashed", "failed", "refused"]
    assert "Chain 2" in items[0].text
    assert "adapt_delta" in items[1].text
    assert "'o.12'" in items[2].text and "Write numbers with a point" in items[2].text


def test_links_lead_to_reports_and_back(results: Path, overview: Node) -> None:
    """Are all links relative, and do their targets exist?

    Seen to fail with links to the folders rather than the reports.
    """
    for link in overview.all("a"):
        target = link.attributes["href"]
        assert ":" not in target and not target.startswith("/")
        if not target.startswith("#"):
            assert (results / target).exists(), target
    report = parse((results / "clustered" / "report.html").read_text(encoding="utf-8"))
    assert "../overview.html" in [link.attributes["href"] for link in report.all("a")]


def test_only_usable_results_are_compared(overview: Node) -> None:
    """Does the figure leave out data sets whose numbers must not be used?

    Seen to fail with failed data sets in the figure.
    """
    labels = [node.text for node in overview.all("figure")[0].all("text")]
    assert "clustered" in labels
    assert not {"failed", "crashed", "refused"} & set(labels)


def test_every_number_of_the_page_is_the_one_in_the_json(results: Path, overview: Node) -> None:
    """Walking all cells of both tables: is each value the one that overview.json has there?

    Seen to fail with numbers of the page's table from the line before.
    """
    document = json.loads((results / "overview.json").read_text(encoding="utf-8"))["datasets"]
    walked = 0
    for row in rows(overview).values():
        place = row.attributes.get("data-from", "")
        names = [head.attributes.get("data-key", "") for head in row.parent.parent.all("thead")[0].all("th")]
        cells = [part for part in row.content if isinstance(part, Node)]
        for cell, name in zip(cells, names, strict=True):
            if cell.tag == "td" and "class" not in cell.attributes and cell.attributes["data-value"]:
                source = cell.attributes.get("data-from") or name
                source = source if "/" in source else f"{place}/{source}"
                _, _, position, field = source.split("/")
                assert document[int(position)]["name"] == row.all("th")[0].text
                expected = pytest.approx(document[int(position)][field], rel=5e-8)  # tables hold eight digits
                assert float(cell.attributes["data-value"]) == expected, source
                walked += 1
    assert walked > 120


def test_every_number_of_the_json_is_the_one_in_the_files(results: Path, records: dict[str, dict]) -> None:
    """Is each of the overview's numbers that of the data set's own table, row and column, or the exact one?

    Seen to fail with the median for the mean effect.
    """
    tables = {
        "estimates.csv": ("parameter", {"mu": {"effect": "mean", "q2.5": "q2.5", "q97.5": "q97.5"}}),
        "predictions.csv": ("target", {"new effect": {"predicted_q2.5": "q2.5", "predicted_q97.5": "q97.5"}}),
        "heterogeneity.csv": ("quantity", {name: {name: "mean"} for name in ("tau", "rho", "I2")}),
        "clustering.csv": ("quantity", {
            "ICC [null]": {"icc": "mean", "icc_q2.5": "q2.5", "icc_q97.5": "q97.5"},
            "R2 [marginal]": {"R2_marginal": "mean"}, "R2 [conditional]": {"R2_conditional": "mean"},
            "design effect [null]": {"design_effect": "mean"},
        }),
    }  # fmt: skip
    walked = 0
    for name, record in records.items():
        for file, (key, wanted) in tables.items():
            if not (results / name / file).exists():
                continue
            with (results / name / file).open(encoding="utf-8", newline="") as stream:
                found = {row[key]: row for row in csv.DictReader(stream)}
            if (results / name / "exact.json").exists():
                exact = json.loads((results / name / "exact.json").read_text(encoding="utf-8"))
                found |= {row: exact[row] for row in found if row in exact}
            for quantity, columns in wanted.items():
                for field, column in columns.items():
                    expected = float(found[quantity][column]) if quantity in found else None
                    assert record[field] == expected or (record["analysis"] == "hierarchical" and file[0] in "ep"), (
                        field
                    )
                    walked += 1
        diagnostics = json.loads((results / name / "diagnostics.json").read_text(encoding="utf-8"))
        for field in ("max_r_hat", "min_ess_bulk", "divergences"):
            assert record[field] == diagnostics.get(field)
    assert walked > 100


def test_titles_and_ratios_are_shown_where_they_are_asked_for(results: Path, tmp_path: Path) -> None:
    """Has the page the title, and effects as ratios, where the config has them, and the files the analysis's numbers?

    Seen to fail with the name in place of the title, and with the limits of the analysis on the page.
    """
    for name, scale in (("ratios", "natural"), ("logs", "analysis")):
        shutil.copytree(results / "unclustered", tmp_path / name)
        model = tmp_path / name / "model.json"
        changed = {"name": name, "measure": "RR", "output_scale": scale}
        model.write_text(json.dumps(json.loads(model.read_text(encoding="utf-8")) | changed), encoding="utf-8")
    titles = {"ratios": "A <title>", "logs": None}
    html, tsv, document = (tmp_path / name for name in ("overview.html", "overview.tsv", "overview.json"))
    write_overview(tmp_path, titles, html, tsv, document)
    table = parse(html.read_text(encoding="utf-8")).by_id("datasets")
    ratios, logs = table.all("tbody")[0].all("tr")
    assert [row.all("a")[0].text for row in (ratios, logs)] == ["A <title>", "logs"]
    assert "ratios" in ratios.all("th")[0].text
    assert [row.all("td")[2].text for row in (ratios, logs)] == ["RR", "log RR"]
    found = Results(tmp_path / "ratios")
    effect, new = found.estimate("mu"), found.prediction("new effect")
    expected = [effect["median"], effect["q2.5"], effect["q97.5"], new["q2.5"], new["q97.5"]]
    values = [float(cell.attributes["data-value"] or "nan") for cell in ratios.all("td")[5:] if cell.text != "–"]
    shown = [value for at, value in enumerate(values) if at != 3][:5]  # the fourth is drawn
    assert shown == pytest.approx([math.exp(value) for value in expected], rel=5e-8)
    first, second = json.loads(document.read_text(encoding="utf-8"))["datasets"]
    assert first["effect"] == second["effect"] == effect["mean"]
