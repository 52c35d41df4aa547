"""Does no page say at one place what it denies at another, and would it be noticed?"""

from __future__ import annotations

from pathlib import Path

import pytest
from contradictions import contradictions
from pages import NAMES


@pytest.mark.parametrize("name", NAMES)
def test_no_page_contradicts_itself(results: Path, name: str) -> None:
    """Do answer, lights, box and sections of each kind of page agree? ``make random`` asks the same of 400 analyses.

    Seen to fail when the model was said to predict left-out estimates well beside outliers in the box.
    """
    assert contradictions((results / name / "report.html").read_text(encoding="utf-8")) == []


PAGE = """<section id="answer"><ul class="lights"><li class="pass">✓ Computed correctly: all checks passed</li>
<li class="{data}">✓ Enough data: -</li><li class="pass">✓ Small-study effects: -</li><li class="{fit}">✓ Model fits the
data: -</li></ul><p>The pooled effect is 0.2 (95% credible interval {low} to 0.4).</p><p>{answer}</p></section>
<section id="small-study">{small}</section><section id="influence">{influence}</section>
<section id="clustering">The clustering matters little here.</section>
<section id="comparison"><li>A pooled effect other than zero: the data are 2.0 times more probable {way} (-).</li>
<li>Differences between true effects (τ above zero): the data are 40 times more probable {other} (very strong).</li>
<li>Clustering: the data are 40 times more probable {clusters} (very strong).</li></section>"""
SOUND = {"data": "pass", "fit": "pass", "low": "0.1", "small": "", "influence": "", "way": "with than without"}
SOUND |= {"other": "with than without", "clusters": "with it than without it", "answer": "{}"}
LITTLE = "The clustering matters little here. "


@pytest.mark.parametrize(
    ("answer", "over", "contradictory"),
    [
        ("it is very probably positive: the Bayes factor for an effect is 2.0. True effects differ.", {}, False),
        ("it is very probably negative.", {}, True),
        ("so its sign remains uncertain.", {}, True),
        ("so its sign remains uncertain.", {"low": "−0.1"}, False),
        ("it is almost certainly positive.", {"low": "−0.1"}, True),
        ("it is probably positive: nearly all such effects are negative.", {}, True),
        ("the Bayes factor for no effect is 2.0.", {}, True),
        ("the Bayes factor for no effect is 2.0.", {"way": "without than with"}, False),
        ("the Bayes factor for an effect is 2.0; beforehand, 33% remains for an effect.", {}, True),
        ("True effects differ.", {"other": "without than with"}, True),
        ("There are only 4 clusters.", {}, True),
        ("There are only 4 clusters.", {"data": "warn"}, False),
        ("Far from what the others predict lies the estimate a.", {"fit": "warn"}, False),
        ("Far from what the others predict lies a.", {"fit": "warn", "influence": "It predicts well."}, True),
        ("", {"fit": "warn"}, True),
        ("Read these numbers with care; failed checks: R-hat.", {}, True),
        ("Less precise estimates may differ from precise ones.", {"small": "no clear sign."}, True),
        ("y changes with x by 2; no clear association with z and x.", {}, True),
        ("y changes with x by 2; no clear association with z.", {}, False),
        ("y changes with x by 2; no clear association with z and w, the other predictors held fixed.", {}, False),
    ],
)
def test_a_contradiction_is_noticed(answer: str, over: dict[str, str], contradictory: bool) -> None:
    """Is each pair of sentences that can't both be true found, and is sound text left alone?"""
    html = PAGE.format(**(SOUND | over | {"answer": LITTLE + answer}))
    assert bool(contradictions(html)) == contradictory


def test_a_clustering_that_matters_and_does_not_is_noticed() -> None:
    """Do the sections on clusters have to agree, and the Bayes factor not to speak strongly against them?"""
    agreeing = PAGE.format(**(SOUND | {"answer": LITTLE}))
    assert contradictions(agreeing) == []
    assert contradictions(PAGE.format(**(SOUND | {"answer": "The clustering matters and belongs in the model."})))
    over = {"answer": "The clustering matters and belongs in.", "clusters": "without it than with it"}
    against = PAGE.format(**(SOUND | over))
    assert contradictions(against.replace("matters little here", "matters and belongs in"))
