# Hierarchical regressions: validation, sampling and inference, with the files of `prepare` and `fit` and their own tables.
#
# REQUIRED INPUTS
#   the data set's CSV or TSV file
# OUTPUTS
#   data.csv, validation.json, model.json, posterior.nc, fit.json; estimates.csv, random_effects.csv, pooling.csv,
#   models.csv, clustering.csv, predictions.csv, marginal_means.csv, checks.csv, quantiles.csv, residuals.csv,
#   cluster_residuals.csv, residual_checks.csv, loo.csv, comparison.csv, comparison.json,
#   exact.json, classical.json, diagnostics.json


rule prepare_hierarchical:
    input:
        user_data,
        earlier_batch,
    output:
        **rules.prepare.output,
    log:
        "<results>/{name}/logs/prepare.log",
    benchmark:
        "<results>/{name}/logs/prepare.tsv"
    wildcard_constraints:
        name=names_of("hierarchical"),
    conda:
        "../../environment.yml"
    params:
        settings=settings_of(without=[*hiermeta_config.PRESENTATION, "sampling"]),
        other_data=other_data,
        code=code("prepare_hierarchical.py"),
    script:
        "../scripts/prepare_hierarchical.py"


rule fit_hierarchical:
    input:
        data=rules.prepare.output.data,
        validation=rules.prepare.output.validation,
        model=rules.prepare.output.model,
        program=lambda wildcards: expand(rules.compile.output[0], program=program_of(wildcards.name))[0],
        batch=earlier_batch,
    output:
        **rules.fit.output,
    log:
        "<results>/{name}/logs/fit.log",
    benchmark:
        "<results>/{name}/logs/fit.tsv"
    wildcard_constraints:
        name=names_of("hierarchical"),
    conda:
        "../../environment.yml"
    threads: 2
    params:
        sampling=lambda wildcards: DATASETS[wildcards.name]["sampling"],
        stan_file=lambda wildcards: str(STAN / f"{program_of(wildcards.name)}.stan"),
        code=code("fit_hierarchical.py"),
    script:
        "../scripts/fit_hierarchical.py"


rule analyse_hierarchical:
    input:
        data=rules.prepare.output.data,
        model=rules.prepare.output.model,
        posterior=rules.fit.output.posterior,
        record=rules.fit.output.record,
        batch=earlier_batch,
    output:
        estimates="<results>/{name}/estimates.csv",
        random_effects="<results>/{name}/random_effects.csv",
        pooling="<results>/{name}/pooling.csv",
        models="<results>/{name}/models.csv",
        clustering="<results>/{name}/clustering.csv",
        predictions="<results>/{name}/predictions.csv",
        marginal_means="<results>/{name}/marginal_means.csv",
        checks="<results>/{name}/checks.csv",
        quantiles="<results>/{name}/quantiles.csv",
        prior_predictive="<results>/{name}/prior_predictive.csv",
        residuals="<results>/{name}/residuals.csv",
        cluster_residuals="<results>/{name}/cluster_residuals.csv",
        residual_checks="<results>/{name}/residual_checks.csv",
        loo="<results>/{name}/loo.csv",
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
        name=names_of("hierarchical"),
    conda:
        "../../environment.yml"
    params:
        code=code("analyse_hierarchical.py"),
    script:
        "../scripts/analyse_hierarchical.py"
