"""What docs/calibration says: the verdict table, by family and quantity, and the figures beside it."""

from tests.calibration import figures
from tests.calibration.families import FAMILIES
from tests.calibration.faults import FAULTS, SIZES, caught, replications_needed
from tests.calibration.model_mixture import (
    LARGEST,
    MADE_BY,
    excess_of,
    standardised_excess,
    standardised_mean,
    with_factor,
)
from tests.calibration.replications import DIVERGENCES, KEPT, LAG, THIN, WARMUP, ranks_of
from tests.calibration.uniformity import LEVEL, p_value

TEXT = """# Calibration

Are the posteriors right? Simulation-based calibration (Talts et al. 2018) draws parameters from the priors and data
from the model, fits them, and ranks the true values among the draws. If simulation, likelihood, priors, sampler and
derived quantities agree, ranks are uniform. `make calibration` repeats what stands here and writes this page; `make
test` has a quick version of {quick} replications.

## Verdict

{verdict}

A quantity is calibrated if the ECDF of its ranks stays inside the simultaneous {level:g}% band (Säilynoja, Bürkner &
Vehtari 2022), that is if p, the exact probability that uniform ranks stray as far, is above {alpha:g}. Of {total}
quantities, {expected:.1f} would leave the band by chance.

### Draws

Each replication is one chain with {warmup} iterations of warm-up and {draws} of sampling, of which every {thin}th is
kept: {kept} draws, {ranks} ranks. Beside parameters, I² or the intraclass correlation, new effects and a true effect,
the log likelihood is ranked (Modrák et al. 2023): of the rows for models without latent variables, given the random
effects for logit and Poisson. The autocorrelation is the largest average over the replications of any quantity,
between neighbouring kept draws.

{draws_table}

![ECDFs of the ranks among draws](draws.svg)

### Exact posterior

The same data, without draws: the probability that quadrature gives to values below the truth.

{exact_table}

![ECDFs of exact posterior probabilities](exact.svg)

### Posterior model probabilities

Data from models drawn with their prior probabilities. z₁ compares the average posterior probability with the prior
one, z₂ how often the model made the data with how often its posterior probabilities say; both are standard normal if
marginal likelihoods are right, and pass between −{largest} and {largest}.

{models_table}

![Calibration curves](models.svg)

## What it takes to see a fault

Replications after which half, and nine tenths, of repeated calibrations see a planted fault, that is after which some
quantity leaves its band.

{faults_table}

## What is simulated

{priors_table}

Meta-analyses have 18 estimates with sampling variances around 0.05, with clusters of 1, 2, 3, 3, 4 and 5 estimates, a
numeric moderator `x` and a factor `g` where there are moderators, and a sampling correlation of 0.6 where errors are
dependent. Regressions have 48 individuals in eight clusters of 2 to 10. Designs are drawn anew for each replication,
priors are numbers, never taken from data.
"""


def write(results, folder):
    """Write README.md and the figures; returns the verdict.

    Parameters
    ----------
    results : dict of (str, str) to pandas.DataFrame
        Replications by experiment of `tests.calibration.full`.
    folder : pathlib.Path
    """
    folder.mkdir(parents=True, exist_ok=True)
    draws, exact = _of(results, "draws"), _of(results, "exact")
    ranks = {kind: {_title(name): rows[ranks_of(rows)] for name, rows in found.items()} for kind, found in
             (("draws", draws), ("exact", exact))}  # fmt: skip
    p_values = {
        (kind, name, quantity): p_value(values)
        for kind, panels in ranks.items()
        for name, table in panels.items()
        for quantity, values in table.items()
    }
    models = [row for name, rows in _of(results, "models").items() for row in _models(name, rows)]
    bad = [f"{quantity} ({name}, {kind})" for (kind, name, quantity), p in p_values.items() if p <= 1 - LEVEL]
    bad += [row[0] for row in models if max(abs(row[-1]), abs(row[-2])) > LARGEST]
    verdict = f"**Not calibrated: {'; '.join(bad)}.**" if bad else (
        f"**Calibrated**: all {len(p_values)} quantities of {len(draws)} model families, and the posterior "
        f"probabilities of {len(models)} models."
    )  # fmt: skip
    (folder / "draws.svg").write_text(figures.ecdfs(ranks["draws"], "Ranks of the truth among draws"))
    (folder / "exact.svg").write_text(figures.ecdfs(ranks["exact"], "The truth in the exact posterior"))
    (folder / "models.svg").write_text(figures.curves(figures.parts(results)))
    text = TEXT.format(
        quick=50, largest=LARGEST, verdict=verdict, level=100 * LEVEL, alpha=round(1 - LEVEL, 6), total=len(p_values),
        expected=len(p_values) * (1 - LEVEL), warmup=WARMUP, draws=KEPT * THIN, thin=THIN, kept=KEPT, ranks=KEPT + 1,
        draws_table=table(
            ["model family", "replications", "p by quantity", "fits with divergences", "autocorrelation", "verdict"],
            [_draws_row(name, rows, p_values) for name, rows in draws.items()],
        ),
        exact_table=table(
            ["model family", "replications", "p by quantity", "verdict"],
            [_exact_row(name, rows, p_values) for name, rows in exact.items()],
        ),
        models_table=table(
            ["model", "data sets", "prior", "average posterior", "made the data", "z₁", "z₂"],
            [[*row[:2], *(f"{value:.3f}" for value in row[2:5]), *(f"{z:.2f}" for z in row[5:])] for row in models],
        ),
        faults_table=table(
            ["fault", "by draws: half", "nine tenths", "by quadrature: half", "nine tenths"],
            [
                *(_fault_row(name, results) for name in FAULTS),
                *(_factor_row(factor, results["models", "meta"]) for factor in (2, 4)),
            ],
        ),
        priors_table=table(
            ["model family", "priors"],
            [[f.title, ", ".join(f"{k} `{v}`" for k, v in f.priors.items())] for f in FAMILIES.values()],
        ),
    )  # fmt: skip
    (folder / "README.md").write_text(text)
    return verdict


def _of(results, kind):
    return {name: rows for (which, name), rows in results.items() if which == kind}


def _title(name):
    return FAMILIES[name].title


def _p(kind, name, p_values):
    mine = {quantity: p for (which, title, quantity), p in p_values.items() if (which, title) == (kind, _title(name))}
    verdict = "calibrated" if min(mine.values()) > 1 - LEVEL else "**not calibrated**"
    return ", ".join(f"{quantity} {p:.3f}" for quantity, p in mine.items()), verdict


def _draws_row(name, rows, p_values):
    listed, verdict = _p("draws", name, p_values)
    slowest = max(rows[column].mean() for column in rows if column.startswith(LAG))
    return [_title(name), len(rows), listed, int((rows[DIVERGENCES] > 0).sum()), f"{slowest:.2f}", verdict]


def _exact_row(name, rows, p_values):
    listed, verdict = _p("exact", name, p_values)
    return [_title(name), len(rows), listed, verdict]


def _models(mixture, rows):
    models = [column for column in rows if column != MADE_BY]
    prior = 1 / len(models)
    label = {"meta": "", "gaussian": "regression: "}[mixture]
    return [
        [
            label + model, len(rows), prior, rows[model].mean(), (rows[MADE_BY] == model).mean(),
            standardised_mean(rows[model], prior), standardised_excess(rows[MADE_BY] == model, rows[model]),
        ]
        for model in models
    ]  # fmt: skip


def _fault_row(name, results):
    row = [name]
    for kind in ("draws with a fault", "exact with a fault"):
        rows = results[kind, name]
        ranks = rows[ranks_of(rows)].to_numpy()
        row += _needed(lambda chosen, ranks=ranks: caught(ranks[chosen]), len(rows))
    return row


def _factor_row(factor, rows):
    def seen(chosen):
        return abs(excess_of(with_factor(rows.iloc[chosen], "heterogeneity", 1 / factor), "heterogeneity")) > LARGEST

    return [f"marginal likelihoods with heterogeneity {factor} times too small", "", "", *_needed(seen, len(rows))]


def _needed(seen, total):
    needed = [replications_needed(seen, total, share) for share in (0.5, 0.9)]
    return [f"more than {SIZES[-1]}" if n is None else n for n in needed]


def table(header, rows):
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
