"""Posterior densities of the pooled effect, one per analysis, over their 95% credible intervals."""

import sys

import arviz
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import gaussian_kde

sys.stdout = sys.stderr = open(snakemake.log[0], "w", buffering=1, encoding="utf-8")  # noqa: SIM115
matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "paper"  # the same bytes every time
figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
for position, (label, path) in enumerate(zip(snakemake.params.labels, snakemake.input, strict=True)):
    draws = arviz.from_netcdf(path).posterior["mu"].to_numpy().ravel()
    grid = np.linspace(*np.quantile(draws, [0.001, 0.999]), 200)
    [line] = axes.plot(grid, gaussian_kde(draws)(grid), label=label)
    axes.plot(np.quantile(draws, [0.025, 0.975]), [-0.4 * (position + 1)] * 2, color=line.get_color(), linewidth=3)
axes.set(xlabel="pooled effect (standardised mean difference)", yticks=[])
axes.legend(frameon=False)
figure.savefig(snakemake.output[0], metadata={"Date": None})
