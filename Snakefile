# hiermeta: from CSV files to reports of Bayesian multilevel analyses. `snakemake --cores 4` runs it all.
include: "workflow/Snakefile"


workflow.default_target = "all"  # includes don't pass theirs on
