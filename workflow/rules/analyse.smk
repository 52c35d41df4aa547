# Inference: everything that is computed from the draws, in one job.
#
# REQUIRED INPUTS
#   data.csv, model.json, posterior.nc, fit.json
# OUTPUTS
#   the files that schemas/results.yaml says this stage leaves: estimates.csv, predictions.csv, exact.json,
#   classical.json, diagnostics.json and the others; each kind of analysis has tables of its own

for analysis in ANALYSES:

    rule:
        name:
            f"analyse_{analysis}"
        input:
            data=rules.prepare.output.data,
            model=rules.prepare.output.model,
            posterior=rules.fit.output.posterior,
            record=rules.fit.output.record,
            batch=earlier_batch,
        output:
            **files_left_by("analyse", analysis),
        log:
            "<results>/{name}/logs/analyse.log",
        benchmark:
            "<results>/{name}/logs/analyse.tsv"
        wildcard_constraints:
            name=names_of(analysis),
        conda:
            "../envs/sampling.yaml"
        resources:
            mem_mb=memory_for(),
            runtime=minutes,
        params:
            prior_odds=lambda wildcards: DATASETS[wildcards.name].get("prior_odds", {}),
            code=code("analyse.py"),
        script:
            "../scripts/analyse.py"
