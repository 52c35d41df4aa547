"""That the data say little about a parameter, so that its posterior repeats the prior."""

from __future__ import annotations

from hiermeta.figures import prior_posterior
from hiermeta.io.results import Results
from hiermeta.report.cells import Sentence

NAMED = 6


def sentence(results: Results) -> Sentence:
    """Names the parameters whose posteriors are hardly narrower than their priors; nothing where there are none."""
    names = prior_posterior.uninformed(results)
    if not names:
        return []
    shown = [*names[:NAMED], "others"] if len(names) > NAMED else names
    listed = f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else shown[0]
    whose = "its interval is hardly narrower than that of its prior"
    if len(names) > 1:
        whose = "their intervals are hardly narrower than those of their priors"
    return [f"The data hardly inform {listed}: {whose}."]
