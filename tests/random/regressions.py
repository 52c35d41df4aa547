"""Random hierarchical regressions: the data of one and its settings, by number."""

import numpy as np
import pandas as pd

from tests.random.tables import chance, names, random_numbers, with_missing

FAMILIES = ["gaussian", "gaussian", "bernoulli", "binomial", "poisson"]
MOST_ROWS = 4000
"""Of a regression; the rows per level are cut to that many in all."""


def regression(number):
    """The table and the settings of a regression.

    Returns
    -------
    table : pandas.DataFrame
    settings : dict
        As in the config, without ``data``.
    """
    rng = random_numbers("regression", number)
    factors, codes = _factors(rng)
    n = len(codes[0])
    table = pd.DataFrame({"x": rng.normal(size=n), "z": 50 + 10 * rng.normal(size=n)})
    table["arm"] = rng.choice(["control", "low dose", "high"][: rng.integers(2, 4)], n)
    table["w"] = rng.normal(size=codes[0].max() + 1)[codes[0]]
    for name, code in zip(factors, codes, strict=True):
        table[name] = names(rng, code.max() + 1, name)[code]
    fixed, within = _fixed(rng)
    settings = {"analysis": "hierarchical", "family": str(rng.choice(FAMILIES))}
    settings["formula"] = f"y ~ {' + '.join(fixed)} + {_random(rng, factors)}"
    if within:
        settings["within_between"] = within
    eta = 0.4 * rng.normal() + 0.3 * table["x"] + 0.02 * (table["z"] - 50) + 0.2 * table["w"]
    for code in codes:
        sd = rng.choice([0, 0.2, 1.0]) * np.array([1.0, rng.choice([0, 0.5])])
        u = sd * rng.normal(size=(code.max() + 1, 2))
        eta += u[code, 0] + u[code, 1] * table["x"]
    table["y"] = _outcome(rng, eta.to_numpy(), table, settings)
    if chance(rng, 0.3):
        table = with_missing(rng, table, ["x", "arm", "y", factors[0]])
    if "x" in fixed and not within and chance(rng, 0.2):
        settings["predict_at"] = [{"x": 1.5}]
    return table, settings


def _factors(rng):
    """Names of 1 to 3 grouping factors and the level of each row in each: one-way, nested, or crossed."""
    kind = rng.choice(["one", "one", "nested", "crossed", "three"])
    levels = int(np.exp(rng.uniform(np.log(2), np.log(900))))
    sizes = rng.integers(1, rng.choice([2, 6, 21]), endpoint=False, size=levels)
    if levels < 6:
        sizes += 4
    while sizes.sum() > MOST_ROWS:
        sizes = np.maximum(1, sizes // 2)
    first = np.repeat(np.arange(levels), sizes)
    if kind == "one":
        return ["school"], [first]
    n = len(first)
    second = rng.integers(max(2, min(levels // 2, n // 4)), size=n)
    if kind == "nested":
        region = rng.integers(max(2, levels // 5), size=levels)[first]
        return ["region", "school"], [_dense(region), first]
    third = rng.integers(4, size=n)
    return (
        (["school", "rater"], [first, _dense(second)])
        if kind == "crossed"
        else (
            ["school", "rater", "year"],
            [first, _dense(second), _dense(third)],
        )
    )


def _dense(codes):
    return np.unique(codes, return_inverse=True)[1]


def _fixed(rng):
    """Terms of the fixed part, and the predictors that are split within and between."""
    choices = [["x"], ["1"], ["x", "z"], ["x", "arm"], ["x * arm"], ["x", "I(x**2)"], ["z", "w"], ["x : w", "x", "w"]]
    fixed = choices[rng.integers(len(choices))]
    return fixed, ["x"] if fixed in (["x"], ["x", "z"]) and chance(rng, 0.4) else []


def _random(rng, factors):
    """The random part: intercepts, slopes with and without correlations, nested and crossed factors."""
    slopes = ["1", "1", "1", "1 + x", "x"]
    if factors[0] == "region":
        return str(
            rng.choice(["(1 | region/school)", "(1 | region) + (1 | region:school)", "(1 | region) + (1 | school)"])
        )
    if len(factors) == 1:
        return f"({rng.choice(slopes)} {rng.choice(['|', '|', '||'])} {factors[0]})"
    terms = [f"({rng.choice(slopes) if i == 0 else '1'} | {factor})" for i, factor in enumerate(factors)]
    return " + ".join(terms)


def _outcome(rng, eta, table, settings):
    """Outcomes of a family given the linear predictor; trials and exposure become columns of the table."""
    probability = 1 / (1 + np.exp(-eta))
    match settings["family"]:
        case "gaussian":
            y = rng.choice([0.01, 1, 1000]) * (eta + rng.normal(size=len(eta)))
            if chance(rng, 0.2):
                y[rng.integers(len(y))] += 20 * y.std()
            return np.round(y, 6)
        case "bernoulli":
            return (rng.random(len(eta)) < probability).astype(int)
        case "binomial":
            table["trials"] = rng.integers(1, rng.choice([3, 30, 500]), size=len(eta))
            settings["trials"] = "trials"
            return rng.binomial(table["trials"], probability)
        case _:
            if chance(rng, 0.5):
                table["exposure"] = np.round(rng.gamma(3, 1, len(eta)) + 0.01, 3)
                settings["exposure"] = "exposure"
            return rng.poisson(np.exp(np.minimum(eta, 6)) * table.get("exposure", 1))
