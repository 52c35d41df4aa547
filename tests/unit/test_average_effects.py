"""Slopes and contrasts averaged over the rows."""

import numpy as np
import pandas as pd
import pytest

from hiermeta.data import design as designs
from hiermeta.data.formula import parse
from hiermeta.inference import average_effects

RNG = np.random.default_rng(4)
TABLE = pd.DataFrame(
    {
        "age": RNG.uniform(8, 14, 60),
        "dose": RNG.uniform(0, 2, 60),
        "sex": RNG.choice(["Female", "Male"], 60),
        "site": RNG.choice(["a", "b", "c"], 60),
        "old": RNG.choice([0.0, 1.0], 60),
    }
)
AGES = TABLE["age"]
AGE, DOSE = AGES.mean(), TABLE["dose"].mean()


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("~ age * sex", {
            ("age", "per unit"): {"age": 1, "age:sex[Male]": (TABLE["sex"] == "Male").mean()},
            ("sex", "Male − Female"): {"sex[Male]": 1, "age:sex[Male]": AGE},
        }),
        ("~ dose + I(dose^2) + site", {("dose", "per unit"): {"dose": 1, "I(dose ** 2)": 2 * DOSE}}),
        ("~ age * old", {
            ("age", "per unit"): {"age": 1, "age:old": TABLE["old"].mean()},
            ("old", "1 − 0"): {"old": 1, "age:old": AGE},
        }),
        ("~ age * I(dose^2)", {
            ("age", "per unit"): {"age": 1, "age:I(dose ** 2)": (TABLE["dose"] ** 2).mean()},
            ("dose", "per unit"): {"I(dose ** 2)": 2 * DOSE, "age:I(dose ** 2)": 2 * (AGES * TABLE["dose"]).mean()},
        }),
        ("~ log(age) + site + old", {}),
    ],
)  # fmt: skip
def test_averages_are_the_combinations_of_coefficients_that_calculus_gives(formula, expected):
    """Is each average the right combination, and is there none where one coefficient says it?

    2e-4: half a step (0.0006) times the age of the two rows at the ends of the doses, where the quotient is one-sided,
    over 60 rows. With age * sex, the coefficient of sex is the difference at age 0; a report once called it "not
    clear", where at the mean age it is.

    Seen to fail with rows at the means of the predictors in place of the means over the rows.
    """
    design, found = designs.fit(parse(formula), TABLE, {}), []

    def combine(row):
        found.append(dict(zip(design.names, row, strict=True)))
        return RNG.standard_normal((4, 50))

    rows = average_effects.table(design, TABLE, combine, standard=False)
    assert list(zip(rows["moderator"], rows["contrast"], strict=True)) == list(expected)
    for weights, wanted in zip(found, expected.values(), strict=True):
        assert weights == pytest.approx(dict.fromkeys(design.names, 0.0) | wanted, abs=2e-4)


def test_a_column_of_the_standardised_design_gives_the_same():
    """Are averages from standardised coefficients those in the user's units?

    Seen to fail with contrasts of the user's design for standardised coefficients.
    """
    design = designs.fit(parse("~ age * sex"), TABLE, {})
    beta = np.linalg.lstsq(design.matrix(TABLE, standard=True), TABLE["dose"], rcond=None)[0]
    user = np.linalg.lstsq(design.matrix(TABLE, standard=False), TABLE["dose"], rcond=None)[0]
    noise = RNG.standard_normal((4, 50))
    same = [
        average_effects.table(design, TABLE, lambda row, b=b: row @ b + noise, standard)["mean"]
        for b, standard in ((beta, True), (user, False))
    ]
    assert same[0].to_numpy() == pytest.approx(same[1].to_numpy(), rel=1e-6)
