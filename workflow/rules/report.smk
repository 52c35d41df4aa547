# What people read: figures, a report per data set, the overview, and the verdict on the run.
#
# REQUIRED INPUTS
#   everything that prepare, fit and analyse leave
# OUTPUTS
#   figures/, report.html, report.json, overview.html, overview.tsv, overview.json, complete.txt

from hiermeta.io.completeness import drawing

DRAWINGS = {name: drawing(Path(SETTINGS["results"], name, "figures")) for name in DATASETS}
PAGE_FILES = sorted(path for path in TEMPLATES.rglob("*.*") if path.is_file())


rule figures:
    input:
        unpack(lambda wildcards: files_of(wildcards.name, without=("validation", "record"))),
        batch=earlier_batch,
    output:
        figures=report(
            directory("<results>/{name}/figures"),
            patterns=["{figure}.svg"],
            **IN_REPORT["figures"],
        ),
    log:
        "<results>/{name}/logs/figures.log",
    benchmark:
        "<results>/{name}/logs/figures.tsv"
    conda:
        "../envs/sampling.yaml"
    resources:
        mem_mb=memory_for(),
        runtime=minutes,
    params:
        png=SETTINGS["png"],
        # Another one where a figure is lost; read before any job runs, since a job begins without the folder.
        drawing=lambda wildcards: DRAWINGS[wildcards.name],
        code=code("figures.py"),
    script:
        "../scripts/figures.py"


rule report:
    input:
        unpack(lambda wildcards: files_of(wildcards.name)),
        figures=rules.figures.output,
        batch=earlier_batch,
    output:
        report=report("<results>/{name}/report.html", **IN_REPORT["pages"]),
        record="<results>/{name}/report.json",
    log:
        "<results>/{name}/logs/report.log",
    benchmark:
        "<results>/{name}/logs/report.tsv"
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory_for(),
        runtime=minutes,
    params:
        presentation=lambda wildcards: {key: DATASETS[wildcards.name].get(key) for key in PRESENTATION},
        code=code("report.py", *PAGE_FILES),
    script:
        "../scripts/report.py"


rule overview:
    input:
        lambda wildcards: [path for name in DATASETS for path in finished(name)],
        left_by_batches(),
    output:
        html=report("<results>/overview.html", caption="../report/overview.rst", category="Overview"),
        tsv="<results>/overview.tsv",
        json="<results>/overview.json",
    log:
        "<results>/overview.log",
    localrule: True
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory_for(),
        runtime=minutes,
    params:
        titles={name: DATASETS[name].get("title") for name in sorted(DATASETS)},
        # A function of the output isn't among what makes Snakemake run a job again.
        order=lambda wildcards, output: list(DATASETS),
        code=code("overview.py", *PAGE_FILES),
    script:
        "../scripts/overview.py"


rule verdict:
    input:
        rules.overview.output.json,
    output:
        "<results>/complete.txt",
    log:
        "<results>/verdict.log",
    localrule: True
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory_for(),
        runtime=minutes,
    params:
        code=code("verdict.py"),
    script:
        "../scripts/verdict.py"
