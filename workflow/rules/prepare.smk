# Validation: from the user's table to a model.
#
# REQUIRED INPUTS
#   the data set's CSV or TSV file, and its covariance file if it has one
# OUTPUTS
#   data.csv, validation.json, model.json


rule prepare:
    input:
        user_data,
        earlier_batch,
    output:
        data="<results>/{name}/data.csv",
        validation="<results>/{name}/validation.json",
        model="<results>/{name}/model.json",
    log:
        "<results>/{name}/logs/prepare.log",
    benchmark:
        "<results>/{name}/logs/prepare.tsv"
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory_for(),
        runtime=minutes,
    params:
        settings=settings_of(without=[*PRESENTATION, "sampling"]),
        other_data=other_data,
        code=code("prepare.py", PACKAGE / "models" / "informed_priors.csv"),
    script:
        "../scripts/prepare.py"
