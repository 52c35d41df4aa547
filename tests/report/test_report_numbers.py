"""The numbers of a report: is each the file's, and is it printed with the digits that it deserves?"""

from __future__ import annotations

import csv
import json
import re
import shutil
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from html_tree import Node, parse
from pages import NAMES, WITH_NUMBERS, page

from hiermeta.data.measures import TRANSFORMATIONS
from hiermeta.report.comparison import RECIPROCAL
from hiermeta.report.context import write_report
from hiermeta.report.numbers import MAGNITUDE, NEGATIVE
from hiermeta.report.tables import WITH_REASON

VIA = TRANSFORMATIONS | {RECIPROCAL: lambda x: np.exp(-x), NEGATIVE: lambda x: -x, MAGNITUDE: np.abs}
"""How a printed value may follow from the file's."""


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
        value = value[int(key)] if isinstance(value, list) else value[key.replace("~1", "/")]
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
    exact = folder / "exact.json"
    for total in ("tau2", "I2") if exact.exists() else ():
        own = [name for name in json.loads(exact.read_text(encoding="utf-8")) if name.startswith(f"{total} [")]
        if own:
            found[f"exact.json/{total}/mean"] = [f"exact.json/{name}/mean" for name in own]
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
        assert len(additive(results / name)) == 4


@pytest.mark.parametrize("name", WITH_NUMBERS)
def test_exact_values_are_printed_where_there_are_any(results: Path, name: str) -> None:
    """Is a limit that quadrature gives without error printed from there, not from the draws, whose limits are noisy?

    The draws' own stay in the table of convergence. Seen to fail with the rows of the draws.
    """
    exact = json.loads((results / name / "exact.json").read_text(encoding="utf-8"))
    if not exact["applies"] or "parameters" in exact:
        return
    sources = {source for source, *_ in sourced(page(results, name))}
    assert {"exact.json/mu/q2.5", "exact.json/new effect/q97.5", "exact.json/tau/mean"} <= sources
    assert not any(re.fullmatch(r"(estimates|heterogeneity)\.csv/\d+/q2\.5", source) for source in sources)


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


def test_a_page_describes_the_run_that_it_reports(results: Path, tmp_path: Path) -> None:
    """After a retry, are warm-up and adapt_delta those of the draws that were kept, and is the retry named?

    Seen to fail with the settings that the config asked for.
    """
    folder = shutil.copytree(results / "clustered", tmp_path / "clustered")
    fit = json.loads((folder / "fit.json").read_text(encoding="utf-8"))
    first = fit["attempts"][0]
    again = first | {"warmup": 2 * first["warmup"], "adapt_delta": 0.99, "reason": "3 divergences"}
    (folder / "fit.json").write_text(json.dumps(fit | {"attempts": [first, again]}), encoding="utf-8")
    write_report(folder, {}, folder / "report.html", folder / "report.json")
    page = parse((folder / "report.html").read_text(encoding="utf-8"))
    found = {source: float(value) for source, value, *_ in sourced(page) if source.startswith("fit.json/")}
    assert found["fit.json/attempts/1/warmup"] == 2 * first["warmup"]
    assert found["fit.json/attempts/1/adapt_delta"] == 0.99
    assert not {"fit.json/warmup", "fit.json/adapt_delta", "fit.json/draws"} & set(found)
    assert "run 2 of the sampler, after 3 divergences in the one before" in page.text
