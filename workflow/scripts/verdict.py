"""End the run: with a summary, and with exit status 1 where a data set was refused."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from collections import Counter

from hiermeta.data.files import read_json, write_text

datasets = read_json(snakemake.input[0])["datasets"]
counts = Counter(dataset["status"] for dataset in datasets)
summary = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
print(f"hiermeta: {summary}. Overview: {Path(snakemake.input[0]).with_suffix('.html')}", flush=True)
refused = [dataset["name"] for dataset in datasets if dataset["status"] == "refused"]
if refused:
    sys.exit(f"hiermeta: refused: {', '.join(refused)}. Their reports say what is wrong and what to do.")
write_text(snakemake.output[0], summary + "\n")
