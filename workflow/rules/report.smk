# What people read: figures, a report per data set, the overview, and the verdict on the run.
#
# REQUIRED INPUTS
#   everything that prepare, fit and analyse leave
# OUTPUTS
#   figures/, report.html, overview.html, overview.tsv, overview.json, complete.txt

RESULT_FILES = {name: path for rule in (rules.prepare, rules.fit, rules.analyse) for name, path in rule.output.items()}
TEMPLATES = sorted(path for path in (ROOT / "reports").rglob("*.*") if path.is_file())


rule figures:
    input:
        **{name: path for name, path in RESULT_FILES.items() if name not in ("validation", "record")},
    output:
        directory("<results>/{name}/figures"),
    log:
        "<results>/{name}/logs/figures.log",
    benchmark:
        "<results>/{name}/logs/figures.tsv"
    conda:
        "../../environment.yml"
    params:
        code=code("figures.py"),
    script:
        "../scripts/figures.py"


rule report:
    input:
        **RESULT_FILES,
        figures=rules.figures.output,
    output:
        report="<results>/{name}/report.html",
    log:
        "<results>/{name}/logs/report.log",
    benchmark:
        "<results>/{name}/logs/report.tsv"
    conda:
        "../../environment.yml"
    params:
        presentation=lambda wildcards: {key: DATASETS[wildcards.name].get(key) for key in hiermeta_config.PRESENTATION},
        code=code("report.py", *TEMPLATES),
    script:
        "../scripts/report.py"


rule overview:
    input:
        [expand(path, name=DATASETS) for path in (*RESULT_FILES.values(), rules.report.output.report)],
    output:
        html="<results>/overview.html",
        tsv="<results>/overview.tsv",
        json="<results>/overview.json",
    log:
        "<results>/overview.log",
    conda:
        "../../environment.yml"
    params:
        titles={name: settings.get("title") for name, settings in DATASETS.items()},
        code=code("overview.py", *TEMPLATES),
    script:
        "../scripts/overview.py"


rule verdict:
    input:
        rules.overview.output.json,
    output:
        "<results>/complete.txt",
    conda:
        "../../environment.yml"
    params:
        code=code("verdict.py"),
    script:
        "../scripts/verdict.py"
