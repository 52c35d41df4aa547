"""The sentences that judge: is each word chosen by the right number, on the right side of its threshold?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from hiermeta.figures import shrinkage, style
from hiermeta.inference import diagnostics
from hiermeta.report import average_effects, checks, classical, comparison, health, moderators, outcome, small_study
from hiermeta.report import pooled_answer as answer
from hiermeta.report.cells import Number


def said(parts: list[Any]) -> str:
    return "".join(part.text if isinstance(part, Number) else part for part in parts)


SUMMARY = {"mean": 0.2, "sd": 0.1, "median": 0.2, "q2.5": 0.01, "q97.5": 0.4, "mcse_mean": 1e-3, "ess_bulk": 4000.0}


def results(**over: Any) -> Any:
    """What the sentence functions read, without files."""
    model = {"measure": "SMD", "measure_label": "standardised mean difference", "direction": None}
    model |= {"threshold": None, "k": 20, "intercept_at": "", "differences": {}}
    plain = {
        "model": model,
        "clustered": False,
        "coefficients": [],
        "average_effects": [],
        "scale_coefficients": [],
        "classical": {},
        "is_meta": True,
        "crashed": "",
    }
    made = SimpleNamespace(**(plain | over))
    made.is_fixed = lambda parameter: False
    made.prediction = lambda target: next(row for row in made.predictions if row["target"] == target)
    return made


@pytest.mark.parametrize(
    ("probability", "ending"),
    [
        (1.0, "almost certainly positive."),
        (0.99, "almost certainly positive."),
        (0.9899, "very probably positive."),
        (0.95, "very probably positive."),
        (0.9499, "it is probably positive."),
        (0.9, "it is probably positive."),
        (0.8999, "sign remains uncertain."),
        (0.5, "sign remains uncertain."),
        (0.1001, "sign remains uncertain."),
        (0.0999, "it is probably negative."),
        (0.0499, "very probably negative."),
        (0.0, "almost certainly negative."),
    ],
)
def test_words_for_a_sign_go_by_its_probability(probability: float, ending: str) -> None:
    """Do words change in steps with the probability of the likelier sign, rather than at the edge of an interval?

    Seen to fail with words by the probability above zero whichever sign is likelier.
    """
    row = {"parameter": "mu", "P(>0)": probability, **SUMMARY}
    assert said(answer._sign(results(estimates=[row]))).endswith(ending)


@pytest.mark.parametrize(
    ("probability", "ending"),
    [
        (0.975, "nearly all such effects are positive (98%)."),
        (0.95, "nearly all such effects are positive (95%)."),
        (0.9499, "effects of either sign are to be expected (95% are positive)."),
        (0.5, "effects of either sign are to be expected (50% are positive)."),
        (0.0501, "effects of either sign are to be expected (5% are positive)."),
        (0.05, "nearly all such effects are negative (5% are positive)."),
        (0.001, "nearly all such effects are negative (less than 1% are positive)."),
        (1.0, "nearly all such effects are positive (more than 99%)."),
    ],
)
@pytest.mark.parametrize(("low", "high"), [(-0.00012, 0.448), (0.00012, 0.448), (-0.448, -0.00012), (-0.3, 0.3)])
def test_new_effects_have_the_signs_of_their_probability(
    probability: float, ending: str, low: float, high: float
) -> None:
    """Does the prediction's last clause follow from P(>0), whichever side of zero a limit lies on?

    A limit of -0.00012 with a Monte Carlo error of 0.0023 was said to leave either sign open, where 2.5% of effects are
    negative. Its source is told, and it is silent where zero means nothing.
    """
    row = SUMMARY | {"target": "new effect", "q2.5": low, "q97.5": high, "P(>0)": probability}
    sentence = answer._prediction(results(predictions=[row]))
    assert said(sentence).endswith(f" (95% prediction interval): {ending}")
    assert [part.source for part in sentence if isinstance(part, Number)][-1] == "predictions.csv/0/P(>0)"
    model = {"measure": "PLN", "measure_label": "log proportion"}
    assert said(answer._prediction(results(predictions=[row], model=model))).endswith("(95% prediction interval).")


@pytest.mark.parametrize(
    ("low", "start"), [(10.0, "True effects differ"), (9.99, "The data do not settle whether true effects differ")]
)
def test_heterogeneity_is_claimed_from_the_lower_limit_of_i2(low: float, start: str) -> None:
    """Is it I², not τ, and its lower limit, not its mean, that decides?

    Seen to fail with the mean of I² in place of its lower limit.
    """
    rows = [SUMMARY | {"quantity": "tau", "q2.5": 50.0}, SUMMARY | {"quantity": "I2", "mean": 60.0, "q2.5": low}]
    assert said(answer._heterogeneity(results(heterogeneity=rows))).startswith(start)


@pytest.mark.parametrize(
    ("low", "high", "named"), [(0.01, 0.3, True), (-0.3, -0.01, True), (-0.01, 0.3, False), (0.0, 0.3, False)]
)
def test_moderators_are_named_when_their_interval_leaves_zero_out(low: float, high: float, named: bool) -> None:
    """Is a coefficient part of the answer only then, and the intercept never?

    Seen to fail with intervals that end at zero counted as leaving it out.
    """
    rows = [SUMMARY | {"parameter": name, "q2.5": low, "q97.5": high} for name in ("intercept", "dose")]
    text = said(answer._moderators(results(estimates=rows, coefficients=["intercept", "dose"])))
    assert ("dose 0.2" in text) == named and "intercept" not in text
    assert text.startswith("The mean effect varies") if named else text.startswith("No moderator")


@pytest.mark.parametrize(("mean", "word"), [(0.5, "higher"), (-0.5, "lower")])
def test_levels_are_compared_in_words(mean: float, word: str) -> None:
    """Does a difference between levels name both, its direction and a size without sign?

    Seen to fail with limits of a negative difference left in their order.
    """
    names = ["intercept", "type[field]"]
    rows = [_around(mean, 0.1) | {"parameter": name} for name in names]
    model = results().model | {"differences": {"type[field]": ["type", "field", "online"]}}
    sentence = answer._moderators(results(estimates=rows, coefficients=names, model=model))
    assert f": 0.50 (0.30 to 0.70) {word} for field than for online (type)." in said(sentence)


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.1, 0.3, "The SD τ varies with the scale moderators: 1.22 (1.11 to 1.35) times as large for b as for a (g)."),
        (-0.1, 0.3, "The data do not settle whether τ varies with the scale moderators."),
    ],
)
def test_a_scale_formula_is_part_of_the_answer(low: float, high: float, text: str) -> None:
    """Is it said whether heterogeneity varies with the scale moderators, and by how much?

    Seen to fail with intervals that hold zero taken as clear.
    """
    row = SUMMARY | {"parameter": "scale:g[b]", "mean": 0.2, "median": 0.2, "sd": 0.05, "q2.5": low, "q97.5": high}
    model = results().model | {"differences": {"g[b]": ["g", "b", "a"]}}
    sentence = answer._scale(results(estimates=[row], scale_coefficients=["scale:g[b]"], model=model))
    assert said(sentence).strip() == text


def test_a_main_effect_in_a_product_gives_way_to_its_average() -> None:
    """Do products come first, then the furthest from zero, and is a difference at age 0 never called an effect?

    Orthodont: the coefficient of Sex, the difference at age 0, is unclear; at the mean age of 11 it is 2.32. Seen to
    fail with all coefficients in the order of the table.
    """
    names = {"age": (0.48, 0.06), "Sex[Male]": (-1.0, 1.2), "age:Sex[Male]": (0.30, 0.09), "site": (9.0, 1.0)}
    rows = [_around(mean, sd) | {"parameter": name} for name, (mean, sd) in names.items()]
    means = {("age", "per unit"): (0.66, 0.05), ("Sex", "Male − Female"): (2.32, 0.76)}
    averages = [
        _around(mean, sd) | {"moderator": moderator, "contrast": contrast, "terms": f"{term} | age:Sex[Male]"}
        for ((moderator, contrast), (mean, sd)), term in zip(means.items(), ("age", "Sex[Male]"), strict=True)
    ]
    made = results(estimates=rows, coefficients=list(names), average_effects=averages)
    entries = [entry for entry in average_effects.named(made, list(enumerate(rows))) if entry.clear]
    assert [entry.name for entry in entries] == [
        *("age:Sex[Male]", "age on average", "site", "Sex (Male − Female) on average"),
    ]
    assert [entry.unit for entry in entries] == ["", " per unit", " per unit", ""]


def _around(mean: float, sd: float) -> dict[str, Any]:
    return SUMMARY | {"mean": mean, "sd": sd, "q2.5": mean - 2 * sd, "q97.5": mean + 2 * sd}


@pytest.mark.parametrize(
    ("p", "k", "warned", "caveat"),
    [
        (0.0499, 10, "estimates differ from", False),
        (0.05, 10, "estimates may differ from", False),
        (0.0999, 10, "estimates may differ from", False),
        (0.1, 10, "", False),
        (None, 10, "", False),
        (0.01, 9, "estimates differ from", True),
    ],
)
def test_the_answer_speaks_of_small_study_effects(p: float | None, k: int, warned: str, caveat: bool) -> None:
    """Does the answer say what the regression on standard errors says, from p < 0.1, and does the section agree?

    assink2016 read "more than 99% positive" beside a regression with p = 0.027 and 0.01 at a standard error of zero.
    Seen to fail with a limit of 0.05, without the number of estimates, and with a section that had no clear sign where
    the answer said that estimates differ.
    """
    slope = {"p": p, "estimate": 1.0, "se": 0.1, "z": 10.0, "ci": [0.8, 1.2]}
    made = results(classical={"small_study": {"test": "z", "slope": slope, "intercept": slope}})
    made.model["k"] = k
    text, section = "".join(map(said, small_study.warning(made))), said(small_study.regression(made))
    assert warned in text and ("at a standard error of zero it would be 1.00" in text) == bool(warned)
    assert ("no clear sign" in section) == (not warned) and ("a hint" in section) == ("may" in warned)
    assert ("fewer than ten" in text) == caveat


LIKELIHOOD_RATIO = {
    "between": {"statistic": 2.71, "df": 1, "p": 0.0997, "p_mixture": 0.0499},
    "within": {"statistic": 5.41, "df": 1, "p": 0.0200, "p_mixture": 0.0100},
}


def document(**over: Any) -> dict[str, Any]:
    return {"Q": None, "likelihood_ratio": LIKELIHOOD_RATIO, "tau2": 0.3, "tau2_without_moderators": 0.4, **over}


def test_likelihood_ratio_tests_give_the_p_values_of_the_mixture() -> None:
    """Are between and within not confused, are the halved p-values the ones printed, and does the text say so?

    Seen to fail with the p-value of χ² in place of the mixture's.
    """
    (sentence,) = classical.heterogeneity(results(classical=document()))
    text = said(sentence)
    assert "between clusters χ² = 2.71, p = 0.050; within clusters χ² = 5.41, p = 0.010." in text
    assert "half of the usual ones" in text
    sources = [part.source for part in sentence if isinstance(part, Number)]
    assert [source for source in sources if "p_mixture" in source] == [
        "classical.json/likelihood_ratio/between/p_mixture", "classical.json/likelihood_ratio/within/p_mixture"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("df", "words"), [(1, "on 1 degree of freedom"), (2, "on 2 degrees of freedom"), (0, "on 0 degrees of freedom")]
)
def test_statistics_without_noise_and_nouns_that_agree(df: int, words: str) -> None:
    """Is Q = 5.65e-32 printed as 0.000, and is one degree of freedom singular?

    Seen to fail with tiny statistics printed as they are.
    """
    found = document(Q=5.65e-32, df=df, p=1.0, I2={"total": 0.0}, likelihood_ratio={})
    text = said(classical.heterogeneity(results(classical=found))[0])
    assert "Q = 0.000" in text and words in text


@pytest.mark.parametrize(("with_them", "cut"), [(0.5, True), (0.4, False), (0.3, False)])
def test_a_negative_r2_is_told(with_them: float, cut: bool) -> None:
    """Where τ² is larger with moderators than without, does the sentence say that R² was set to zero?

    Seen to fail with R² called cut where both τ² are equal.
    """
    found = document(applies=True, R2={"total": 0.0}, QM=None, tau2=with_them)
    text = said(moderators.explained(results(classical=found))[0])
    assert ("negative R² is set to zero" in text) == cut
    assert not cut or "larger with them, 0.500, than without, 0.400" in text


@pytest.mark.parametrize(("p", "differ"), [(0.0499, True), (0.05, False), (0.9, False), (None, False)])
def test_small_study_effects_are_claimed_below_5_per_cent(p: float | None, differ: bool) -> None:
    """Does the verdict follow from the slope's p-value? Seen to fail with effects claimed at p = 0.05 itself."""
    slope: Mapping[str, Any] = {"estimate": 1.5, "se": 0.5, "z": 3.0, "p": p, "ci": [0.5, 2.5]}
    found = {"applies": True, "small_study": {"test": "z", "slope": slope, "intercept": {**slope, "p": 0.001}}}
    text = said(small_study.regression(results(classical=found)))
    assert ("less precise estimates differ from precise ones" in text) == differ


@pytest.mark.parametrize(
    ("log_factor", "words"),
    [
        (1.0, "times more probable with than without (anecdotal evidence)"),
        (1.2, "times more probable with than without (moderate evidence for)"),
        (-1.2, "times more probable without than with (moderate evidence against)"),
        (2.4, "(strong evidence for)"),
        (-3.5, "(very strong evidence against)"),
        (4.7, "(extreme evidence for)"),
    ],
)
def test_evidence_is_named_by_its_bayes_factor(log_factor: float, words: str) -> None:
    """Do direction and strength follow from sign and size, at Jeffreys' limits of 3, 10, 30 and 100?

    Seen to fail with the first of Jeffreys' limits at 4.
    """
    entry = {"part": "effect", "log_bayes_factor": log_factor, "prior_probability": 0.5, "posterior_probability": 0.6}
    assert words in said(comparison.verdicts(results(averages={"inclusion": [entry]}))[0])


@pytest.mark.parametrize(
    ("ess", "steps"), [("pass", ["it is a bug"]), ("warn", ["Ask for more draws"]), ("fail", ["Ask for more draws"])]
)
def test_disagreement_is_called_a_bug_only_where_the_chains_converged(ess: str, steps: list[str]) -> None:
    """Is the advice to report a bug withheld where too few effective draws explain the disagreement?

    Seen to fail with effective sample sizes not counted as convergence.
    """
    checks = [{"name": "smallest bulk ESS", "value": 100.0, "threshold": "≥ 400", "status": ess}]
    entry = {"parameter": "mu", "statistic": "mean", "difference_sd": 0.5, "mcse_sd": 0.01, "status": "fail"}
    found = results(status="fail", trouble="", diagnostics={"checks": checks, "agreement": [entry]})
    advice = health.next_steps(found)
    assert len(advice) == len(steps)
    assert all(re.search(wanted, text) for wanted, text in zip(steps, advice, strict=True))


@pytest.mark.parametrize("is_meta", [True, False])
@pytest.mark.parametrize("status", ["pass", "warn"])
@pytest.mark.parametrize("reason", ["heterogeneity depends on scale moderators", None])
def test_fits_that_were_compared_with_nothing_say_so(is_meta: bool, status: str, reason: str | None) -> None:
    """Do tile, sentence and, where nothing is wrong, the overview's message say that nothing was compared, and why?

    The tile is no trouble of its own: it isn't among the failed checks and needs no step. Fits that were compared don't
    say so. Seen to fail with the sentence left out of the fits with a warning, with the tile counted as a failed check
    and with the message left empty.
    """
    check = {"name": "smallest bulk ESS", "value": 100.0, "threshold": "≥ 400", "status": status}
    entry = {"parameter": "x", "statistic": "mean", "difference_sd": 0.01, "mcse_sd": 0.01, "status": "pass"}
    agreement = [] if reason else [entry]
    missing = diagnostics.not_compared(agreement, {"reason": reason})
    found = {"checks": [check], "agreement": agreement, "not_compared": missing}
    fit = results(status=status, trouble="", is_meta=is_meta, diagnostics=found, exact={}, has_numbers=False)
    tile, wrong = health.strip(fit)[-1], "smallest bulk ESS 100, required: ≥ 400"
    sentences = [said(health.verdict(fit))]
    assert health.failed(health.strip(fit)) == ([check["name"]] if status == "warn" else [])
    assert tile.name == health.AGREEMENT[0 if is_meta else 1]
    if reason:
        assert (tile.status, tile.threshold) == ("none", [reason])
        told = f"Stan was not compared with a posterior computed without MCMC ({reason})."
        assert all(sentence.endswith(told) for sentence in sentences)
        assert outcome.trouble(fit)[0] == (told if status == "pass" else wrong)
    else:
        assert tile.status == "pass" and outcome.trouble(fit)[0] == ("" if status == "pass" else wrong)
        assert not any("not compared" in sentence for sentence in sentences)


def test_shrinkage_is_the_slope_of_true_effects_on_estimates() -> None:
    """Does the figure of true effects against estimates say by how much differences shrink? Half here, by design.

    Seen to fail with the slope of estimates on true effects.
    """
    rows = [{"observed": x, "mean": 0.3 + 0.5 * x, "q2.5": x - 1, "q97.5": x + 1} for x in (-1.0, 0.0, 2.0)]
    with style.drawing():
        drawing = shrinkage.draw(results(true_effects=rows, estimate=lambda name: {"mean": 0.4}))
    assert "larger than another by 1, its true effect is larger by 0.50 on average" in drawing.description


def test_means_at_levels_are_not_called_effects_of_moderators() -> None:
    """Does a factor in place of the intercept, its means far from zero, leave "depends on" to the others?

    Seen to fail: effects were said to depend on f[b] where that was the mean effect at this level.
    """
    rows = [SUMMARY | {"parameter": name} for name in ("f[a]", "f[b]", "x")]
    assert said(answer._moderators(results(coefficients=["f[a]", "f[b]"], estimates=rows[:2]))) == (
        "The coefficients are the mean effects at the levels of f."
    )
    sentence = said(answer._moderators(results(coefficients=["f[a]", "f[b]", "x"], estimates=rows)))
    assert sentence.startswith("The mean effect varies with the moderators: x ") and "f[" not in sentence


@pytest.mark.parametrize(
    ("log_factor", "ending"),
    [
        (0.2, "the Bayes factor for an effect is 1.2 (anecdotal evidence)."),
        (-3.0, "the Bayes factor for no effect is 20 (strong evidence)."),
    ],
)
def test_sign_and_bayes_factor_are_reconciled(log_factor: float, ending: str) -> None:
    """Does the sentence behind that on the sign say what the sign takes for granted, and weigh it against no effect?

    Seen to fail with the factor's direction turned.
    """
    entries = [{"part": "clusters", "log_bayes_factor": 9.0}, {"part": "effect", "log_bayes_factor": log_factor}]
    sentence = answer._against_none(results(averages={"inclusion": entries}))
    assert said(sentence).startswith(" That takes an effect for granted") and said(sentence).endswith(ending)
    assert answer._against_none(results(averages={})) == []


@pytest.mark.parametrize(
    ("observed", "said_of"), [((0.0, 0.0), ""), ((2.0, 0.0), ""), ((2.0, -2.0), "SD and skewness"), ((1.0, -1.0), "")]
)
def test_the_answer_names_failed_predictive_checks(observed: tuple[float, float], said_of: str) -> None:
    """Are statistics outside of their 95% interval named, from two on, under whatever status?

    The shipped school data failed four of ten checks under a green "passed". Seen to fail with limits counted as
    outside.
    """
    rows = [
        {"statistic": name, "observed": value, "q2.5": -1.0, "q97.5": 1.0}
        for name, value in zip(("SD", "skewness"), observed, strict=True)
    ]
    text = said(checks.misfit(results(rows=lambda name: rows)))
    assert (f"simulated data differ in {said_of} " in text) if said_of else not text
