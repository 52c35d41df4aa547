# Inference: everything that is computed from the draws, in one job.
#
# REQUIRED INPUTS
#   data.csv, model.json, posterior.nc, fit.json
# OUTPUTS
#   estimates.csv, heterogeneity.csv, predictions.csv, true_effects.csv, cluster_effects.csv, marginal_means.csv,
#   scale.csv, small_study.csv, loo.csv, influence.csv, sensitivity.csv, comparison.csv, comparison.json, exact.json,
#   classical.json, diagnostics.json


rule analyse:
    input:
        data=rules.prepare.output.data,
        model=rules.prepare.output.model,
        posterior=rules.fit.output.posterior,
        record=rules.fit.output.record,
        batch=earlier_batch,
    output:
        estimates="<results>/{name}/estimates.csv",
        heterogeneity="<results>/{name}/heterogeneity.csv",
        predictions="<results>/{name}/predictions.csv",
        true_effects="<results>/{name}/true_effects.csv",
        cluster_effects="<results>/{name}/cluster_effects.csv",
        marginal_means="<results>/{name}/marginal_means.csv",
        scale="<results>/{name}/scale.csv",
        small_study="<results>/{name}/small_study.csv",
        loo="<results>/{name}/loo.csv",
        influence="<results>/{name}/influence.csv",
        sensitivity="<results>/{name}/sensitivity.csv",
        comparison="<results>/{name}/comparison.csv",
        comparison_document="<results>/{name}/comparison.json",
        exact="<results>/{name}/exact.json",
        classical="<results>/{name}/classical.json",
        diagnostics="<results>/{name}/diagnostics.json",
    log:
        "<results>/{name}/logs/analyse.log",
    benchmark:
        "<results>/{name}/logs/analyse.tsv"
    wildcard_constraints:
        name=names_of("meta"),
    conda:
        "../../environment.yml"
    params:
        prior_odds=lambda wildcards: DATASETS[wildcards.name].get("prior_odds", {}),
        code=code("analyse.py"),
    script:
        "../scripts/analyse.py"
