"""Words that count as missing where they may name a cluster or a level."""

import pytest

from tests.badinput.conftest import settings_of

META = "yi,vi,g,m\n0.1,0.2,{word},a\n0.3,0.1,b,{word}\n" + "".join(
    f"0.{i},0.1,{'bbccdd'[i]},{'ab'[i % 2]}\n" for i in range(6)
)
REGRESSION = "y,x,g,m\n" + "".join(f"{i % 7},{i % 3},{'{word}' if i < 2 else i % 4},{'ab'[i % 2]}\n" for i in range(16))


@pytest.mark.parametrize("word", ["none", "None", "-", "NA", "null", "?"])
@pytest.mark.parametrize("analysis", ["meta", "hierarchical"])
def test_words_read_as_missing_are_told(word, analysis, prepare, tmp_path):
    """Does validation.json say which word of a cluster or factor was read as missing, and in how many rows?

    Seen to fail (no note) where such rows were dropped like empty cells.
    """
    path = tmp_path / "table.csv"
    own = {"cluster": "g", "moderators": "~ m"} if analysis == "meta" else {"formula": "y ~ x + m + (1 | g)"}
    path.write_text((META if analysis == "meta" else REGRESSION).format(word=word))
    notes = prepare(settings_of({"analysis": analysis, "settings": own}, path))["notes"]
    told = [note for note in notes if "read as a missing value" in note]
    assert any(f"Column 'g': {word!r}" in note for note in told)
    assert len(told) == (2 if analysis == "meta" else 1)


def test_empty_cells_are_not_told(prepare, tmp_path):
    """Are empty cells, whose meaning is plain, left to the list of dropped rows?"""
    path = tmp_path / "table.csv"
    path.write_text(META.format(word=""))
    notes = prepare(settings_of({"settings": {"cluster": "g"}}, path))["notes"]
    assert not any("read as a missing value" in note for note in notes)
