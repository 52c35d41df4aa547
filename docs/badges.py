"""The README's badges, from the files that they speak of: `python docs/badges.py` draws them again, a test compares."""

import re
import tomllib
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "images" / "badges.svg"
LETTER, PADDING, GAP, HEIGHT = 6.6, 8, 8, 20


def facts() -> dict[str, str]:
    """What the badges say, by what they say it of."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lowest, beyond = re.findall(r"3\.(\d+)", project["requires-python"])
    snakemake = re.search(r'min_version\("(.*?)"\)', (ROOT / "workflow" / "Snakefile").read_text())
    calibrated = re.search(r"\*\*Calibrated\*\*: all (\d+) quant", (ROOT / "docs/calibration/README.md").read_text())
    return {
        "licence": project["license"],
        "Python": f"3.{lowest} to 3.{int(beyond) - 1}",
        "Snakemake": f"{snakemake[1]} or later",
        "calibrated": f"all {calibrated[1]} quantities" if calibrated else "not all quantities",
    }


def drawn() -> str:
    """The badges side by side, as SVG."""
    x, parts = 0.0, []
    for name, value in facts().items():
        left, right = (LETTER * len(text) + 2 * PADDING for text in (name, value))
        for start, width, colour, text in ((x, left, "#444c56", name), (x + left, right, "#18633c", value)):
            parts.append(f'<rect x="{start:.1f}" width="{width:.1f}" height="{HEIGHT}" fill="{colour}"/>')
            parts.append(f'<text x="{start + width / 2:.1f}" y="14">{escape(text)}</text>')
        x += left + right + GAP
    said = "; ".join(f"{name}: {value}" for name, value in facts().items())
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{x - GAP:.0f}" height="{HEIGHT}" role="img">'
    style = '<g fill="#fff" font-family="DejaVu Sans, Verdana, sans-serif" font-size="11" text-anchor="middle">'
    return f"{head}<title>{escape(said)}</title>{style}{''.join(parts)}</g></svg>\n"


if __name__ == "__main__":
    TARGET.write_text(drawn())
