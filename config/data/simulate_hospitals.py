"""Simulate the hospital-quality data of data/hospitals.csv: patient severity and nurse staffing on mortality.

Run as `python data/simulate_hospitals.py`. The seed and the true values below are what data/README.md states.
"""

from pathlib import Path

import numpy as np
import pandas as pd

SEED = 20260101
HOSPITALS = 80
TRUTH = {"intercept": -1.7, "severity": 0.8, "nurse_ratio": -2.0, "sd": 0.45}
"""Log odds of death: severity in SDs, nurses per patient, and the SD between hospitals."""


def simulate() -> pd.DataFrame:
    """Patients in hospitals of different sizes; sicker patients go to better staffed hospitals."""
    rng = np.random.default_rng(SEED)
    sizes = rng.integers(20, 121, HOSPITALS)
    staffing = rng.normal(0.25, 0.08, HOSPITALS).clip(0.08, 0.5).round(3)
    hospital = np.repeat(np.arange(HOSPITALS), sizes)
    mix = rng.normal(2 * (staffing - 0.25), 0.3)
    severity = rng.normal(mix[hospital], 1).round(2)
    effect = rng.normal(0, TRUTH["sd"], HOSPITALS)
    linear = TRUTH["intercept"] + TRUTH["severity"] * severity
    linear += TRUTH["nurse_ratio"] * staffing[hospital] + effect[hospital]
    died = rng.binomial(1, 1 / (1 + np.exp(-linear)))
    columns = {"hospital": [f"H{h + 1:02d}" for h in hospital], "died": died, "severity": severity}
    return pd.DataFrame(columns | {"nurse_ratio": staffing[hospital]})


if __name__ == "__main__":
    simulate().to_csv(Path(__file__).with_name("hospitals.csv"), index=False, lineterminator="\n")
