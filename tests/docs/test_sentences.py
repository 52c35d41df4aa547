"""The list of a report's sentences: does the code still have each sentence, and do the tests exist that it names?"""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "reference" / "sentences.md").read_text()
SHORTEST = 9
"""Letters of a part of a sentence between two gaps from which it is looked for."""


def sources(section):
    """Strings of the Python files, and words of the templates, that the head of a section names."""
    for name in re.findall(r"`((?:report|figures)/\w+\.py|reports/\S+\.j2)`", section.partition("\n|")[0]):
        if name.endswith(".j2"):
            yield re.sub(r"<[^>]*>", "", (ROOT / name).read_text())
            continue
        for node in ast.walk(ast.parse((ROOT / "workflow" / "hiermeta" / name).read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def rows():
    """For each row of the tables of sentences, the source text and the parts of the sentence that say something."""
    for section in TEXT.split("\n## ")[1:]:
        if "\n| sentence |" in section:
            found = "\n".join(sources(section))
            for cell in re.findall(r"^\| (.*?) \|", section, re.MULTILINE)[1:]:
                parts = [part.strip(" .,;:()") for part in re.split("…| / ", cell)]
                if long := [part for part in parts if len(part) >= SHORTEST]:
                    yield pytest.param(found, long, id=cell[:50])


@pytest.mark.parametrize(("source", "parts"), list(rows()))
def test_each_sentence_is_one_that_the_code_prints(source, parts):
    """Do all parts between gaps stand in the files that the section names?

    Seen to fail with a sentence reworded in the code alone, and in the list alone.
    """
    assert [part for part in parts if part not in source] == []


def test_each_test_that_is_named_exists():
    """Are the functions in tests, and the files there? Seen to fail with a test renamed."""
    code = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    named = {f"test_{name.replace(' ', '_')}" for name in re.findall(r"\*([\w ]+)\*", TEXT)}
    assert len(named) > 40
    assert [name for name in named if f"def {name}(" not in code] == []
    files = re.findall(r"`((?:tests|report|figures|reports)/[\w./-]+\.(?:py|j2))`", TEXT)
    assert not [
        name for name in files if not any((base / name).is_file() for base in (ROOT, ROOT / "workflow/hiermeta"))
    ]
