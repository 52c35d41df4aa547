"""Digests of code: what makes a stage run again."""

import re
from pathlib import Path

from hiermeta.io import provenance

SCRIPTS = Path(provenance.PACKAGE).parent / "scripts"


def test_a_stage_depends_on_what_it_imports_and_on_nothing_else():
    """Would editing a figure rerun fits, or editing the likelihood leave them standing?

    Seen to fail with direct imports only and with every module of the package.
    """
    fit = {path.name for path in provenance.modules_of(SCRIPTS / "fit.py")}
    assert {"given_draws.py", "nuts.py", "priors.py", "heterogeneity.py"} <= fit
    assert not any("figures" in path.parts or "inference" in path.parts for path in map(Path, fit))
    analyse = provenance.modules_of(SCRIPTS / "analyse.py")
    assert provenance.PACKAGE / "inference" / "exact.py" in analyse
    assert not any(path.parent.name in ("figures", "report") for path in analyse)


def test_jobs_do_not_read_the_config():
    """Do jobs get settings as dicts, so that none of them pays for the import of pydantic?

    Seen to fail with the models imported by `data/raw.py`.
    """
    for script in SCRIPTS.glob("*.py"):
        assert not any(path.parent.name == "config" for path in provenance.modules_of(script)), script


def test_every_rule_says_what_it_needs():
    """Has each rule that runs a script an environment, memory and time, so that any cluster can plan it?

    Seen to fail with a rule that has no resources.
    """
    for path in (SCRIPTS.parent / "rules").glob("*.smk"):
        rules = [
            text for text in re.split(r"^ *rule\b.*:$", path.read_text(), flags=re.MULTILINE) if " script:" in text
        ]
        needs = ("conda:", "resources:", "mem_mb=", "runtime=")
        assert all(need in text for text in rules for need in needs), path.name


def test_stages_import_only_from_their_left():
    """Does each folder import only from itself and from those before it in this list?

    Seen to fail with an import from the right.
    """
    order = ["text", "likelihoods", "marginal", "data", "io", "config", "models", "sampling", "inference", "stages"]
    order += ["figures", "report"]
    for stage in order:
        for path in (provenance.PACKAGE / stage).rglob("*.py"):
            for imported in provenance._imported(path):
                folder = imported.relative_to(provenance.PACKAGE).parts[0]
                if folder != "__init__.py":
                    assert order.index(folder) <= order.index(stage), (path, imported)


def test_a_digest_follows_the_content(tmp_path):
    """Does one changed byte change the digest, and moving the files not?

    Seen to fail with names but not contents in the digest and with paths in the digest.
    """
    (tmp_path / "a").mkdir()
    for folder in (tmp_path, tmp_path / "a"):
        (folder / "x.py").write_text("x = 1\n")
    assert provenance.digest([tmp_path / "x.py"]) == provenance.digest([tmp_path / "a" / "x.py"])
    (tmp_path / "x.py").write_text("x = 2\n")
    assert provenance.digest([tmp_path / "x.py"]) != provenance.digest([tmp_path / "a" / "x.py"])
