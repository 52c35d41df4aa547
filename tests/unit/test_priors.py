"""Prior strings: what they mean, and which are refused."""

import math

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
    """Is cdf the integral of pdf, and ppf its inverse, on both sides of the median? 1e-7: quad's own error.

    Seen to fail with densities of half families not doubled and with upper tails of half families not doubled.
    """
    prior = parse(text)
    for level in (0.02, 0.5, 0.9):
        lower, upper = prior.ppf(level), prior.ppf(level + 0.05)
        assert quad(prior.pdf, lower, upper)[0] == pytest.approx(0.05, abs=1e-7)
        assert prior.cdf(lower) == pytest.approx(level, abs=1e-12)
        assert prior.isf(1 - level) == pytest.approx(float(lower), abs=1e-9)
        assert prior.sf(lower) == pytest.approx(1 - level, abs=1e-12)


DENSITIES = {
    "normal(1, 2)": lambda x: math.exp(-((x - 1) ** 2) / 8) / math.sqrt(8 * math.pi),
    "student_t(3, 0.5, 2)": lambda x: 2 / (math.pi * math.sqrt(3) * 2) * (1 + ((x - 0.5) / 2) ** 2 / 3) ** -2,
    "cauchy(1, 0.5)": lambda x: 0.5 / (math.pi * (0.25 + (x - 1) ** 2)),
    "half_normal(0.5)": lambda x: math.sqrt(8 / math.pi) * math.exp(-2 * x**2),
    "half_student_t(3, 2)": lambda x: 4 / (math.pi * math.sqrt(3) * 2) * (1 + (x / 2) ** 2 / 3) ** -2,
    "half_cauchy(0.5)": lambda x: 1 / (math.pi * (0.25 + x**2)),
    "gamma(2, 3)": lambda x: 9 * x * math.exp(-3 * x),
    "inverse_gamma(3, 2)": lambda x: 4 * x**-4 * math.exp(-2 / x),
    "exponential(2)": lambda x: 2 * math.exp(-2 * x),
    "lognormal(1, 2)": lambda x: math.exp(-((math.log(x) - 1) ** 2) / 8) / (x * math.sqrt(8 * math.pi)),
    "uniform(0, 2)": lambda x: 0.5,
    "beta(2, 3)": lambda x: 12 * x * (1 - x) ** 2,
}


@pytest.mark.parametrize("text", DENSITIES)
def test_arguments_mean_what_they_are_called(text):
    """Are SDs, rates, scales and degrees of freedom those of the textbook's density? 1e-12: rounding.

    Seen to fail with a rate taken for a scale.
    """
    assert {prior.partition("(")[0] for prior in DENSITIES} == {prior.partition("(")[0] for prior in PROPER}
    assert [float(parse(text).pdf(x)) for x in (0.3, 0.8)] == pytest.approx(
        [DENSITIES[text](x) for x in (0.3, 0.8)], rel=1e-12
    )


@pytest.mark.parametrize("text", PROPER)
def test_written_prior_reads_back_unchanged(text):
    """Does the string in model.json give the same prior again, digit for digit?

    Seen to fail with four digits in model.json.
    """
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
        ("tau", "normal(0, 1)", "the range of tau"),
        ("tau", "uniform(-1, 1)", "the range of tau"),
        ("tau", "point(-0.1)", "the range of tau"),
        ("rho", "half_normal(1)", "the range of rho"),
        ("rho", "uniform(0.5, 0.2)", "lower must be below upper"),
    ],
)
def test_unusable_priors_are_refused_in_words(parameter, text, words):
    """Is each unusable prior refused with a message that says why?

    Seen to fail with priors of an SD below zero let pass.
    """
    with pytest.raises(PriorError, match=words.replace("(", r"\(").replace(")", r"\)")):
        parse_for(parameter, text)
