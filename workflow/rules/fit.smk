# Sampling: compiled Stan programs and posterior draws.
#
# REQUIRED INPUTS
#   data.csv, validation.json, model.json
# OUTPUTS
#   programs/*.json, and per data set posterior.nc, fit.json


rule compile:
    output:
        "<results>/programs/{program}.json",
    log:
        "<results>/programs/{program}.log",
    wildcard_constraints:
        program="meta|hierarchical_gaussian|hierarchical_latent",
    conda:
        "../envs/sampling.yaml"
    threads: 2
    resources:
        mem_mb=memory_for(),
        runtime=minutes,
    params:
        stan_file=lambda wildcards: str(STAN / f"{wildcards.program}.stan"),
        code=lambda wildcards: code("compile.py", *program_sources(wildcards.program)),
    script:
        "../scripts/compile.py"


rule fit:
    input:
        data=rules.prepare.output.data,
        validation=rules.prepare.output.validation,
        model=rules.prepare.output.model,
        program=lambda wildcards: program_record(wildcards.name),
        batch=earlier_batch,
    output:
        posterior="<results>/{name}/posterior.nc",
        record="<results>/{name}/fit.json",
    log:
        "<results>/{name}/logs/fit.log",
    benchmark:
        "<results>/{name}/logs/fit.tsv"
    conda:
        "../envs/sampling.yaml"
    threads: 2
    resources:
        mem_mb=memory_for(),
        runtime=minutes,
    params:
        sampling=lambda wildcards: DATASETS[wildcards.name]["sampling"],
        stan_file=lambda wildcards: str(STAN / f"{program_of(wildcards.name)}.stan"),
        code=code("fit.py"),
    script:
        "../scripts/fit.py"
