# hiermeta: from CSV files to reports of Bayesian multilevel analyses. `snakemake --cores 4` runs it all.
include: "workflow/Snakefile"
