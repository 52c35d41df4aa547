"""Random analyses through the whole workflow: ``make random``.

200 regressions and 200 meta-analyses with short sampling. The numbers of a kind can be chosen, to run some of them
again: ``python -m tests.random.full regression 17 18`` runs number 17. A run that was stopped goes on where it was.
"""

import sys

import pandas as pd

from tests.conftest import ROOT
from tests.random.in_r import contradicted
from tests.random.runs import outcomes, run_project, write_project

TOTAL = 200
KINDS = ("regression", "meta")


def run(kind, first, end, below=None):
    """Run the analyses of a kind from one number up to another, print what became of them, and give it back."""
    folder = (below or ROOT / "results" / "random") / kind
    datasets = write_project(folder, [(kind, number) for number in range(first, end)])
    print(run_project(folder)[-3000:])
    found = outcomes(folder, datasets)
    found["contradicted by R"] = contradicted(folder, datasets, found)
    return found


def main(arguments):
    """Run what was asked for; the exit status is 1 where something went wrong unexpectedly or is contradicted by R."""
    kinds = arguments[:1] or KINDS
    first, end = map(int, arguments[1:3]) if len(arguments) == 3 else (0, TOTAL)
    found = pd.concat([run(kind, first, end) for kind in kinds], ignore_index=True)
    for entry in found[found["message"] != ""].itertuples():
        print(f"{entry.name}: {entry.status}. {entry.message}")
    print(pd.crosstab(found["name"].str.replace(r"-\d+$", "", regex=True), found["status"], rownames=["kind"]))
    wrong = found[found["status"].isin(["crashed", "contradictory"]) | (found["contradicted by R"] != "")]
    print(f"{len(wrong)} of {len(found)} went wrong: {', '.join(wrong['name']) or 'none'}")
    return int(len(wrong) > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
