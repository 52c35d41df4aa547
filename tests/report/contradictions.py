"""Sentences of a page that can't both be true: each rule looks at the words as printed, whatever made them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from html_tree import Node, parse

SIGN = re.compile(r"it is (almost certainly|very probably|probably) (positive|negative)")
UNSURE = "so its sign remains uncertain"
FACTOR = re.compile(r"the Bayes factor for (an effect|no effect) is")
INTERVAL = re.compile(r"is (−?[\d.,]+) \(95% credible interval (−?[\d.,]+) to (−?[\d.,]+)\)")
WEIGHED = re.compile(r"(?P<what>[^.]*): the data are (?P<size>.*?) times more probable (?P<way>with|without)\b")
NEW = re.compile(r"(nearly all such effects are (positive|negative)|effects of either sign are to be expected)")


class Page:
    """The text of each section of a page, and of the lights and the box of its answer."""

    def __init__(self, root: Node) -> None:
        self.sections = {
            node.attributes["id"]: " ".join(node.text.split())
            for node in root.all("section")
            if "id" in node.attributes
        }
        items = [node for node in root.walk() if node.parent and node.parent.attributes.get("class") == "lights"]
        self.lights = {
            name.strip(" ✓!✕–"): (node.attributes["class"], words.strip())
            for node in items
            for name, _, words in [" ".join(node.text.split()).partition(":")]
        }

    def __getitem__(self, section: str) -> str:
        return self.sections.get(section, "")


def _number(text: str) -> float:
    return float(text.replace("−", "-").replace(",", ""))


def _sign(page: Page) -> Iterator[str]:
    answer = page["answer"]
    sign, interval = SIGN.search(answer), INTERVAL.search(answer)
    if sign and UNSURE in answer:
        yield "the sign is told and uncertain"
    if interval and (sign or UNSURE in answer):
        middle, low, high = map(_number, interval.groups())
        if UNSURE in answer and (low > 0 or high < 0):
            yield f"the sign is uncertain, and the interval is {low} to {high}"
        if sign and (middle > 0) != (sign[2] == "positive") and abs(middle) > 0.02 * (high - low):
            yield f"the effect is {sign[2]}, and {middle}"
        if sign and sign[1] == "almost certainly" and low < 0 < high:
            yield f"the sign is almost certain, and the interval is {low} to {high}"
    new = NEW.search(answer)
    if sign and new and new[2] and new[2] != sign[2]:
        yield f"the effect is {sign[2]}, and new ones {new[2]}"


def _bayes_factors(page: Page) -> Iterator[str]:
    found = FACTOR.search(page["answer"])
    ways = {
        entry["what"].split(". ")[-1].strip().lower(): entry["way"] for entry in WEIGHED.finditer(page["comparison"])
    }
    tested = next((way for what, way in ways.items() if "effect other than zero" in what), None)
    if found and tested and (found[1] == "an effect") != (tested == "with"):
        yield f"the answer's Bayes factor is for {found[1]}, the comparison's {tested} it"
    remains = re.search(r"beforehand, (\d+)% remains for an effect", page["answer"])
    if found and remains and (int(remains[1]) > 50) != (found[1] == "an effect") and remains[1] != "50":
        yield f"the Bayes factor is for {found[1]}, and {remains[1]}% remains for an effect"
    differ = ways.get("differences between true effects (τ above zero)")
    strong = re.search(
        r"true effects \(τ above zero\): the data are .*? without than with \((strong|very|extreme)", page["comparison"]
    )
    if "True effects differ" in page["answer"] and differ == "without" and strong:
        yield "true effects differ, and the comparison speaks strongly against that"


def _lights(page: Page) -> Iterator[str]:
    answer = page["answer"]
    told = {
        "Enough data": ("There are only", "There is only", "With only", "has at least half of the weight"),
        "Small-study effects": ("Less precise estimates",),
        "Model fits the data": (
            "Far from what",
            "Left-out",
            "does not reproduce the data",
            "largest residual",
            "than their family says",
        ),
    }
    for name, parts in told.items():
        if name in page.lights:
            status, words = page.lights[name]
            if (status == "warn") != any(part in answer for part in parts):
                yield f"the light {name} is {status} ({words}), and the box says otherwise"
    status, _ = page.lights.get("Computed correctly", ("", ""))
    if status == "pass" and ("failed checks" in answer or "must not be used" in answer):
        yield "computed correctly, and checks failed"
    if status == "warn" and "All convergence checks passed" in answer:
        yield "checks failed, and all passed"
    badly = re.search(r"predicts some left-out .* badly", page["influence"])
    if page["influence"] and bool(badly) != any(words in answer for words in ("Far from what", "Left-out")):
        yield "the box and the figure disagree on what is predicted badly"


def _small_study(page: Page) -> Iterator[str]:
    section, answer = page["small-study"], page["answer"]
    for words, other in (
        ("Less precise estimates differ from precise ones", "less precise estimates differ from precise ones"),
        ("Less precise estimates may differ", "a hint that less precise estimates differ"),
    ):
        if (words in answer) != (other in section):
            yield f"small-study effects: the answer and the section disagree on {words!r}"


def _predictors(page: Page) -> Iterator[str]:
    clear, _, unclear = page["answer"].partition("; no clear association ")
    named = re.findall(r"changes with (\S+)|; with (\S+) by", clear)
    doubted = re.findall(r"(?:with|by) (.+?)(?:, the other|\.(?: |$))", unclear[:400])
    for name in {part for entry in named for part in entry if part}:
        if doubted and name in re.split(r", | and ", doubted[0]):
            yield f"{name} is clear, and not"


def _clustering(page: Page) -> Iterator[str]:
    answer, section = page["answer"], page["clustering"]
    if not section:
        return
    for words in (
        "The clustering matters and belongs",
        "The clustering matters little",
        "do not settle whether the clustering",
    ):
        if (words in answer) != (words in section):
            yield f"clustering: the answer and the section disagree on {words!r}"
    against = re.search(
        r"Clustering: the data are .*? without it than with it \((strong|very|extreme)", page["comparison"]
    )
    if "The clustering matters and belongs" in answer and against:
        yield "the clustering matters, and the comparison speaks strongly against it"


RULES: list[Callable[[Page], Iterator[str]]] = [_sign, _bayes_factors, _lights, _small_study, _predictors, _clustering]


def contradictions(html: str) -> list[str]:
    """What a page says that it says otherwise elsewhere; nothing of pages without an answer.

    Parameters
    ----------
    html : str
    """
    page = Page(parse(html))
    return [text for rule in RULES for text in rule(page)] if page["answer"] else []
