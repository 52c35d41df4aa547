# Validation: from the user's table to a model.
#
# REQUIRED INPUTS
#   the data set's CSV or TSV file
# OUTPUTS
#   data.csv, validation.json, model.json


def user_data(wildcards):
    """The data file; nothing where it is missing, which the report then says."""
    path = DATASETS[wildcards.name]["data"]
    return local(path) if os.path.isfile(path) else []


rule prepare:
    input:
        user_data,
    output:
        data="<results>/{name}/data.csv",
        validation="<results>/{name}/validation.json",
        model="<results>/{name}/model.json",
    log:
        "<results>/{name}/logs/prepare.log",
    benchmark:
        "<results>/{name}/logs/prepare.tsv"
    conda:
        "../../environment.yml"
    params:
        settings=settings_of(without=[*hiermeta_config.PRESENTATION, "sampling"]),
        code=code("prepare.py"),
    script:
        "../scripts/prepare.py"
