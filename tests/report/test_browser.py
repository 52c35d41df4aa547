"""A real browser opens the pages: does the script run, and does nothing complain?"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: apt-get install chromium")


def opened(path: Path, profile: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Open a page and return what the browser printed: the page after its script ran, and the console."""
    command = [str(CHROMIUM), *OPTIONS, f"--user-data-dir={profile}", *options, path.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


@pytest.mark.parametrize(
    "page", ["clustered/report.html", "hostile/report.html", "refused/report.html", "overview.html"]
)
def test_pages_open_without_complaint(results: Path, tmp_path: Path, page: str) -> None:
    """Does the script run under the page's own policy, and is the console silent?"""
    shown = opened(results / page, tmp_path, "--dump-dom")
    assert "<caption" in shown.stdout and re.search(r"<caption[^>]*>[^<]*<button", shown.stdout), (
        "the script did not run"
    )
    assert not re.findall(r"CONSOLE.*", shown.stderr)


def test_a_report_prints(results: Path, tmp_path: Path) -> None:
    """Does printing give a PDF of a few pages with the folded tables in it?"""
    target = tmp_path / "report.pdf"
    opened(results / "clustered" / "report.html", tmp_path / "profile", f"--print-to-pdf={target}")
    content = target.read_bytes()
    assert content.startswith(b"%PDF")
    assert 4 <= len(re.findall(rb"/Type\s*/Page\b", content)) <= 20
