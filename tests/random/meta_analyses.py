"""Random meta-analyses: the data of one and its settings, by number."""

import numpy as np
import pandas as pd
from scipy.stats import norm

from tests.random.tables import ODD, chance, random_numbers, with_missing

LOGARITHMS = ["OR", "RR", "HR", "IRR", "ROM"]


def meta_analysis(number):
    """The table, the settings (as in the config, without the paths of files) and the covariance matrix or None."""
    rng = random_numbers("meta", number)
    k = int(rng.choice([rng.integers(1, 3), 2, 3, rng.integers(4, 15), rng.integers(8, 40), rng.integers(40, 101)]))
    table = _described(rng, k)
    tau = rng.choice([0, 0.1, 0.5])
    theta = 0.3 * rng.normal() + tau * rng.normal(size=k) + tau * rng.normal(size=k)[table["group"]]
    settings = {"analysis": "meta"}
    given = rng.choice(["yi", "yi", "se", "ci", "p", "raw"])
    raw, needed = RAW[rng.integers(len(RAW))] if given == "raw" else (None, [])
    if raw:
        settings |= raw(rng, theta, table)
    else:
        needed = _estimates(rng, theta, table, settings, given)
    covariance = _options(rng, table, settings, raw is not None)
    if covariance is None:
        table = with_missing(rng, table, [*needed, "year", "alloc"])
    table = table.rename(columns={"group": "lab"})
    return table, settings, covariance


def _described(rng, k):
    """Labels, clusters and moderators of the rows."""
    group = rng.integers(max(1, k // rng.integers(1, 4)), size=k)
    label = [str(rng.choice(ODD)) if chance(rng, 0.15) else f"Study {i}" for i in range(k)]
    return pd.DataFrame(
        {
            "study": label,
            "group": np.sort(group),
            "year": rng.integers(1980, 2026, size=k),
            "alloc": rng.choice(["random", "alternate", "systematic"], k),
            "keep": rng.choice(["yes", "yes", "yes", "no"], k),
        }
    )


def _estimates(rng, theta, table, settings, given):
    """Columns of estimates and of their precision; the names of those columns."""
    k, unit = len(theta), 1
    settings["measure"] = str(rng.choice(["SMD", "MD", "ZCOR", "GEN", "RD", *LOGARITHMS]))
    if settings["measure"] in ("MD", "GEN", "ROM", "RD"):
        unit = rng.choice([0.01, 1, 100]) if settings["measure"] in ("MD", "GEN") else 1
        if chance(rng, 0.5):
            settings["unit_information_sd"] = float(2 * unit)
        else:
            table["n"] = rng.integers(10, 300, size=k)
            settings["sample_size"] = "n"
    theta, se = unit * theta, unit * np.exp(rng.normal(np.log(0.2), 0.6, k))
    effect = theta + se * rng.normal(size=k)
    table["yi"], settings["effect"] = np.round(effect, 8), "yi"
    match given:
        case "yi":
            table["vi"], settings["variance"] = se**2, "vi"
            return ["yi", "vi"]
        case "se":
            table["sei"], settings["standard_error"] = se, "sei"
            return ["yi", "sei"]
        case "ci":
            table["lower"], table["upper"] = effect - 1.959964 * se, effect + 1.959964 * se
            settings |= {"ci_lower": "lower", "ci_upper": "upper"}
            return ["yi", "lower", "upper"]
        case _:
            table["p"], settings["p_value"] = 2 * norm.sf(abs(effect / se)), "p"
            return ["yi", "p"]


def _two_by_two(rng, theta, table):
    n1, n2 = rng.integers(5, 200, size=(2, len(theta)))
    base = rng.normal(rng.choice([-4, -1, 1]), 0.5, len(theta))
    events = [rng.binomial(n, 1 / (1 + np.exp(-eta))) for n, eta in ((n1, base + theta), (n2, base))]
    table["ai"], table["n1i"], table["ci"], table["n2i"] = events[0], n1, events[1], n2
    settings = {"measure": str(rng.choice(["OR", "RR", "RD"]))}
    settings["columns"] = {key: key for key in ("ai", "n1i", "ci", "n2i")}
    if chance(rng, 0.4):
        settings["zero_cells"] = {
            "to": str(rng.choice(["only0", "all", "if0all"])),
            "drop_double_zero": chance(rng, 0.5),
        }
    return settings


def _two_means(rng, theta, table):
    n1, n2 = rng.integers(4, 100, size=(2, len(theta)))
    sd = rng.uniform(1, 3, size=(2, len(theta)))
    table["n1i"], table["n2i"], table["sd1i"], table["sd2i"] = n1, n2, np.round(sd[0], 2), np.round(sd[1], 2)
    table["m1i"] = np.round(20 + sd[0] * (theta + rng.normal(size=len(theta)) / np.sqrt(n1)), 3)
    table["m2i"] = np.round(20 + sd[1] * rng.normal(size=len(theta)) / np.sqrt(n2), 3)
    columns = {key: key for key in ("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i")}
    return {"measure": str(rng.choice(["SMD", "SMDH", "MD", "ROM"])), "columns": columns}


def _correlations(rng, theta, table):
    table["ni"] = rng.integers(8, 300, size=len(theta))
    table["ri"] = np.round(np.tanh(theta + rng.normal(size=len(theta)) / np.sqrt(table["ni"] - 3)), 3).clip(
        -0.999, 0.999
    )
    return {"measure": str(rng.choice(["COR", "ZCOR"])), "columns": {"ri": "ri", "ni": "ni"}}


def _proportions(rng, theta, table):
    table["ni"] = rng.integers(5, 300, size=len(theta))
    table["xi"] = rng.binomial(table["ni"], 1 / (1 + np.exp(-theta + rng.choice([0, 3]))))
    return {"measure": str(rng.choice(["PR", "PLN", "PLO", "PAS"])), "columns": {"xi": "xi", "ni": "ni"}}


def _rates(rng, theta, table):
    time = np.round(rng.uniform(10, 500, size=(2, len(theta))), 1)
    table["x1i"], table["x2i"] = rng.poisson(0.1 * time[0] * np.exp(theta)), rng.poisson(0.1 * time[1])
    table["t1i"], table["t2i"] = time
    return {"measure": str(rng.choice(["IRR", "IRD"])), "columns": {key: key for key in ("x1i", "t1i", "x2i", "t2i")}}


RAW = [
    (_two_by_two, ["ai", "ci"]),
    (_two_by_two, ["ai", "ci"]),
    (_two_means, ["m1i", "sd1i"]),
    (_correlations, ["ri"]),
    (_proportions, ["xi"]),
    (_rates, ["x1i"]),
]


def _options(rng, table, settings, raw):
    """Settings beyond the estimates, which depend on how many rows there are; the covariance matrix or None."""
    k = len(table)
    if chance(rng, 0.8):
        settings["label"] = ["study", "alloc"] if chance(rng, 0.2) else "study"
    clustered = chance(rng, 0.5)
    if clustered:
        settings["cluster"] = "lab"
    formulas = ["~ year", "~ alloc", "~ year + alloc", "~ year * alloc", "~ year - 1"]
    if k >= 12 and chance(rng, 0.5):
        settings["moderators"] = str(rng.choice(formulas))
        if "year" in settings["moderators"] and chance(rng, 0.5):
            settings["predict_at"] = [{"year": 2000}]
        if "alloc" in settings["moderators"] and chance(rng, 0.3):
            settings["reference_levels"] = {"alloc": "random"}
    if k >= 8 and chance(rng, 0.2):
        settings["scale"] = str(rng.choice(["~ year", "~ alloc"]))
    if k >= 12 and chance(rng, 0.15):
        settings["subset"] = {"keep": "yes"}
    if chance(rng, 0.3):
        settings["output_scale"] = "natural"
    if chance(rng, 0.3):
        settings["direction"], settings["threshold"] = ["favours <A>", "favours B & C"], 0.1
    if chance(rng, 0.2):
        settings["priors"] = {"mu": "normal(0, 1)", "tau": str(rng.choice(["half_normal(0.5)", "half_cauchy(0.3)"]))}
    if not clustered or "subset" in settings:
        return None
    if chance(rng, 0.3) and table["group"].duplicated().any():
        settings["sampling_correlation"] = 0.5
    elif not raw and "variance" in settings and chance(rng, 0.5):
        se = np.sqrt(table["vi"].to_numpy())
        same = table["group"].to_numpy()[:, None] == table["group"].to_numpy()
        return np.where(np.eye(k, dtype=bool), 1.0, 0.4 * same) * se * se[:, None]
    return None
