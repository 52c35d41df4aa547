"""End the run: with a summary, and with exit status 1 where a data set was refused."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hiermeta.data.files import read_json, write_text
from hiermeta.report.outcome import summary

datasets = read_json(snakemake.input[0])["datasets"]
text = summary(datasets)
print(f"hiermeta: {text}\n  overview: {Path(snakemake.input[0]).with_suffix('.html')}", flush=True)
refused = [dataset["name"] for dataset in datasets if dataset["status"] == "refused"]
if refused:
    # Snakemake shows the log of a failed job.
    write_text(snakemake.log[0], f"refused: {', '.join(refused)}. Their reports say what is wrong and what to do.\n")
    sys.exit(1)
write_text(snakemake.output[0], text.splitlines()[0] + "\n")
