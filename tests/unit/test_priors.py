"""Prior strings: what they mean, and which are refused."""

import pytest
from scipy.integrate import quad

from hiermeta.models.priors import PriorError, parse, parse_for

PROPER = [
    "normal(1, 2)",
    "student_t(3, 0.5, 1)",
    "cauchy(0, 0.5)",
    "half_normal(0.5)",
    "half_student_t(3, 1)",
    "half_cauchy(1)",
    "gamma(2, 3)",
    "inverse_gamma(3, 1)",
    "exponential(2)",
    "lognormal(0, 1)",
    "uniform(0, 2)",
    "beta(2, 3)",
]


@pytest.mark.parametrize("text", PROPER)
def test_density_and_distribution_function_belong_together(text):
    """Is cdf the integral of pdf, and ppf its inverse, on both sides of the median? 1e-7: quad's own error."""
    prior = parse(text)
    for level in (0.02, 0.5, 0.9):
        lower, upper = prior.ppf(level), prior.ppf(level + 0.05)
        assert quad(prior.pdf, lower, upper)[0] == pytest.approx(0.05, abs=1e-7)
        assert prior.cdf(lower) == pytest.approx(level, abs=1e-12)
        assert prior.isf(1 - level) == pytest.approx(float(lower), abs=1e-9)
        assert prior.sf(lower) == pytest.approx(1 - level, abs=1e-12)


@pytest.mark.parametrize("text", PROPER)
def test_written_prior_reads_back_unchanged(text):
    """Does the string in model.json give the same prior again, digit for digit?"""
    assert parse(str(parse(text))) == parse(text)
    irrational = parse(f"half_normal({2**0.5 / 4!r})")
    assert parse(str(irrational)).arguments == irrational.arguments


@pytest.mark.parametrize(
    "parameter, text, words",
    [
        ("mu", "norml(0, 1)", "not a prior"),
        ("mu", "normal(0)", "normal(mean, sd)"),
        ("mu", "normal(0, -1)", "sd must be above zero"),
        ("mu", "normal(0, inf)", "finite"),
        ("mu", "normal(0, __import__('os'))", "not a prior"),
        ("tau", "normal(0, 1)", "tau lives"),
        ("tau", "uniform(-1, 1)", "tau lives"),
        ("tau", "point(-0.1)", "tau lives"),
        ("rho", "half_normal(1)", "rho lives"),
        ("rho", "uniform(0.5, 0.2)", "lower must be below upper"),
    ],
)
def test_unusable_priors_are_refused_in_words(parameter, text, words):
    """Is each unusable prior refused with a message that says why?"""
    with pytest.raises(PriorError, match=words.replace("(", r"\(").replace(")", r"\)")):
        parse_for(parameter, text)
