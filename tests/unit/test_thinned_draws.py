"""Draws of random effects, thinned where there are many clusters."""

import numpy as np
import pandas as pd
import pytest

from hiermeta.inference.hierarchical import complete, pooling, prediction, unpooled
from hiermeta.models.draws import Draws
from hiermeta.models.hierarchical_files import with_priors

CHAINS, DRAWS = 2, 30
FORMULAS = {
    "nested": "y ~ x + (1 | two/many)",
    "crossed, three": "y ~ x + (1 | two) + (1 | forty) + (1 | many)",
    "slopes": "y ~ x + (x | many) + (1 | two)",
    "slopes in the small one": "y ~ x + (1 | many) + (x || forty)",
}


@pytest.mark.parametrize("values", [200, 2000, 10**9])
@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)
def test_factors_of_different_sizes_keep_the_same_draws(formula, values, monkeypatch):
    """Can the effects of all factors be added, and are predictions those of the kept draws? To rounding.

    Seen to fail with factors thinned one by one (arrays that can't be added) and with coefficients of all draws.
    """
    rng = np.random.default_rng(1)
    n = 900
    table = pd.DataFrame({"row": range(1, n + 1), "x": rng.normal(size=n)})
    for name, count in (("two", 2), ("forty", 40), ("many", 300)):
        table[name] = [f"{name}{i % count}" for i in range(n)]
    table["y"] = table["x"] + rng.normal(size=n)
    model = with_priors(table, {"formula": formula, "family": "gaussian"})[0]
    total, q = CHAINS * DRAWS, len(model.effects)
    draws = Draws(
        rng.normal(size=(total, 2)), np.ones(total), np.ones((total, q)), np.broadcast_to(np.eye(q), (total, q, q))
    )
    u = [rng.normal(size=(total, len(c.names), len(model.effects_of(f)))) for f, c in enumerate(model.factors)]
    monkeypatch.setattr(pooling, "_VALUES", values)
    groups = pooling.by_group(model, draws, CHAINS, u)
    found = [effects for _, effects in groups]
    assert len({effects.mean.shape[0] for effects in found}) == 1
    if values == 10**9:
        assert all(np.array_equal(effects.mean, drawn) for effects, drawn in zip(found, u, strict=True))
    table_of = prediction.predictions(model, draws, found, table, [], CHAINS).set_index("target")
    x, z = model.X.mean(axis=0), model.Z.mean(axis=0)
    kept = found[0].draws.beta
    positions = [int(np.flatnonzero((draws.beta == row).all(axis=1))[0]) for row in kept]
    added = [drawn[positions] @ z[model.effects_of(f)] for f, drawn in enumerate(u)]
    assert all(np.array_equal(effects.mean, drawn[positions]) for effects, drawn in zip(found, u, strict=True))
    outermost = next(f for f, c in enumerate(model.factors) if c.name in ("two", "forty"))
    clusters = model.factors[outermost]
    for j, name in enumerate(clusters.names):
        expected = (kept @ x + added[outermost][:, j]).mean()
        assert table_of.loc[f"{clusters.name} {name}", "mean"] == pytest.approx(expected)
    ordinary = complete.fit(model)
    for view, effects in groups:
        assert np.isfinite(pooling.random_effects(view, effects)["mean"]).all()
        assert np.isfinite(pooling.pooling(view, effects, ordinary, unpooled.fit(view))["partial"]).all()
