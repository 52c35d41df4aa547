"""Other people's checkers read the pages: axe-core for WCAG 2.1 AA, the Nu validator for HTML.

Both come from npm and are not part of the repository: `npm install --prefix FOLDER axe-core vnu-jar` and
``NODE_MODULES=FOLDER/node_modules`` in the environment. Without them the tests are skipped, and say so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from test_browser import CHROMIUM, after

PAGES = [
    *("clustered/report.html", "hostile/report.html", "moderated/report.html", "scale/report.html"),
    *("slopes/report.html", "few/report.html", "logit/report.html", "rates/report.html"),
    *("failed/report.html", "refused/report.html", "overview.html"),
]
SCHEMES = {"light": (), "dark": ("--blink-settings=preferredColorScheme=0",)}
MODULES = Path(os.environ.get("NODE_MODULES", "node_modules"))
AXE, VNU = MODULES / "axe-core" / "axe.min.js", MODULES / "vnu-jar" / "build" / "dist" / "vnu.jar"
RUN = """
axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}).then((result) => report(
  result.violations.map((v) => [v.id, v.help, v.nodes.slice(0, 3).map((node) => node.html.slice(0, 200))])));
"""


@pytest.mark.skipif(not AXE.exists(), reason=f"axe-core is not in {MODULES}: npm install axe-core, set NODE_MODULES")
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: apt-get install chromium")
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("page", PAGES)
def test_no_violation_of_wcag(results: Path, tmp_path: Path, page: str, scheme: str) -> None:
    """Does axe-core find nothing against WCAG 2.1 AA, in light and in dark, every folded part open?

    Seen to fail without the page's language, and in dark with links in the light scheme's blue.
    """
    script = "for (const d of document.querySelectorAll('details')) d.open = true;\n"
    found = after(results / page, tmp_path, AXE.read_text(encoding="utf-8") + script + RUN, *SCHEMES[scheme])
    assert found == [], json.dumps(found, indent=1)


@pytest.mark.skipif(not VNU.exists(), reason=f"The Nu validator is not in {MODULES}: npm install vnu-jar")
@pytest.mark.skipif(shutil.which("java") is None, reason="Java is not installed: apt-get install default-jre-headless")
def test_html_is_valid(results: Path) -> None:
    """Does the validator of the HTML standard find no error in any page? Seen to fail with one id for all captions."""
    pages = [str(results / page) for page in PAGES]
    command = ["java", "-jar", str(VNU), "--format", "json", "--errors-only", *pages]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    messages = json.loads(finished.stderr)["messages"]
    assert messages == [], json.dumps(messages, indent=1, ensure_ascii=False)
