"""From a CSV file to a validated table: what is kept, what is dropped, what is refused."""

import pandas as pd
import pytest

from hiermeta.data.meta import validate
from hiermeta.data.problems import Refused
from hiermeta.data.read import read_table

SETTINGS = {"measure": "GEN", "effect": "yi", "variance": "vi"}


def table(tmp_path, text, name="data.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_table(str(path))


def test_rows_keep_their_numbers_and_drops_are_listed(tmp_path):
    """Is `row` the line in the user's file, whatever was blank or dropped before it?

    Seen to fail with rows numbered after blanks.
    """
    source = table(tmp_path, "id,yi,vi\na,0.1,0.2\n\nb,NA,0.2\nc,0.3,0.1\nd,0.5,\n")
    result = validate(source, SETTINGS | {"label": "id"})
    assert result.table["row"].tolist() == [1, 4]
    assert result.table["label"].tolist() == ["a", "c"]
    assert result.rows_read == 4
    assert [entry["row"] for entry in result.dropped] == [3, 5]
    assert "'vi'" in result.dropped[1]["reason"]


@pytest.mark.parametrize(
    "text, name",
    [
        ("yi;vi\n0.1;0.2\n0.3;0.1\n", "a.csv"),
        ("yi\tvi\r\n0.1\t0.2\r\n0.3\t0.1\r\n", "a.tsv"),
        ("\ufeffyi,vi\n 0.1 , 0.2\n3e-1,.1\n", "a.csv"),
    ],
)
def test_separators_byte_order_marks_and_blanks_do_not_matter(tmp_path, text, name):
    """Are the usual spellings of one table read alike?

    Seen to fail with the file's first bytes taken for a name and with commas as the only separator.
    """
    result = validate(table(tmp_path, text, name), SETTINGS)
    assert result.table["effect"].tolist() == [0.1, 0.3]
    assert result.table["variance"].tolist() == [0.2, 0.1]


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "the file is empty"),
        ("yi,vi\n", "no data below the header"),
        ("yi,vi,yi\n1,2,3\n", "column 'yi' stands 2 times"),
        ("yi,vi\n1,2,3\n", "row 1 has 3 cells"),
        (b"yi,vi\n\xff,1\n", "line 2 of the file is not UTF-8"),
        (b"PK\x03\x04\x00\x00", "not a text file"),
        ("effect,vi\n1,2\n", "no column 'yi'"),
        ("yi,vi\n0.1,x\n0.2,0.1\n", "row 1, column 'vi': 'x' is not a number"),
        ('yi,vi\n0.1,0.1\n"0,2",0.1\n', "row 2, column 'yi': '0,2' is not a number"),
        ("yi,vi\ninf,0.1\n0.2,0.1\n", "row 1, column 'yi': 'inf' is not a number"),
        ("yi,vi\n1_0,0.1\n0.2,0.1\n", "'1_0' is not a number"),
        ("yi,vi\n0.1,-0.1\n0.2,0.1\n", "row 1, column 'vi': the sampling variance is -0.1"),
        ("yi,vi\n0.1,0.1\n0.2,0\n", "row 2, column 'vi': the sampling variance is 0"),
        ("yi,vi\n0.1,0.1\n", "1 usable row of 1"),
    ],
)
def test_unusable_tables_are_refused_naming_file_row_and_column(tmp_path, text, words):
    """Does each refusal say which file, row and column, and what to do?

    Seen to fail with infinite numbers let pass and with variances of zero let pass.
    """
    with pytest.raises(Refused) as caught:
        validate(table(tmp_path, text), SETTINGS)
    assert words in str(caught.value)
    assert "data.csv" in str(caught.value)
    assert all(problem.remedy for problem in caught.value.problems)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    """Are paths that can't be read refused with what they are, rather than raised?

    Seen to fail with folders taken for files that can't be read and with missing files taken for unreadable ones.
    """
    for path, words in ((tmp_path / "none.csv", "no such file"), (tmp_path, r"can't be read \(is a directory\)")):
        with pytest.raises(Refused, match=f"^{path}: {words}"):
            read_table(str(path))


def test_all_problems_are_reported_at_once_but_not_without_end(tmp_path):
    """Are several bad cells told in one go, and a whole bad column cut short with a count?

    Seen to fail with every bad cell listed.
    """
    source = table(tmp_path, "yi,vi\n0.1,-1\n" + "x,-1\n" * 49)
    with pytest.raises(Refused) as caught:
        validate(source, SETTINGS)
    text = str(caught.value)
    assert "29 more such cells" in text
    assert len(caught.value.problems) == 42


def test_standard_errors_are_squared_and_said(tmp_path):
    """Is a standard error turned into a variance, and the user told?

    Seen to fail with standard errors taken for variances.
    """
    result = validate(
        table(tmp_path, "yi,se\n0.1,0.2\n0.3,0.1\n"), {"measure": "GEN", "effect": "yi", "standard_error": "se"}
    )
    assert result.table["variance"].tolist() == pytest.approx([0.04, 0.01])
    assert "'se'" in result.notes[0]


def test_subset_keeps_matching_rows_and_lists_the_others(tmp_path):
    """Does `subset` compare numbers as numbers and text as text? Seen to fail with numbers compared as text."""
    source = table(tmp_path, "g,d,yi,vi\na,1,0.1,0.2\na,1.0,0.2,0.2\nb,1,0.3,0.2\na,2,0.4,0.2\n")
    result = validate(source, SETTINGS | {"subset": {"g": "a", "d": 1}})
    assert result.table["row"].tolist() == [1, 2]
    assert [entry["row"] for entry in result.dropped] == [3, 4]
    with pytest.raises(Refused, match="no row left"):
        validate(source, SETTINGS | {"subset": {"g": "c"}})


def test_clusters_that_cannot_tell_rho_are_left_out_with_a_warning(tmp_path):
    """One row per cluster: is the two-level model taken, and the user warned?

    Seen to fail with clusters of one row kept.
    """
    source = table(tmp_path, "c,yi,vi\na,0.1,0.2\nb,0.2,0.2\n")
    result = validate(source, SETTINGS | {"cluster": "c"})
    assert not result.clustered
    assert "two-level" in result.warnings[0]


def test_look_alike_clusters_are_kept_apart_and_said(tmp_path):
    """Cluster names that differ by case or blanks: kept, with a warning?

    Seen to fail with look-alike clusters let pass in silence.
    """
    source = table(tmp_path, "c,yi,vi\nOslo,0.1,0.2\noslo,0.2,0.2\nOslo,0.2,0.1\nb,0.1,0.1\n")
    result = validate(source, SETTINGS | {"cluster": "c"})
    assert result.table["cluster"].nunique() == 3
    assert any("differ only in case" in warning for warning in result.warnings)


def test_an_empty_cluster_cell_drops_the_row(tmp_path):
    """Is an estimate without a cluster dropped rather than put into a cluster named NA?

    Seen to fail with empty cluster cells taken for a cluster.
    """
    source = table(tmp_path, "c,yi,vi\na,0.1,0.2\nNA,0.2,0.2\na,0.2,0.1\nb,0.1,0.1\n")
    result = validate(source, SETTINGS | {"cluster": "c"})
    assert result.table["row"].tolist() == [1, 3, 4]
    assert isinstance(result.table, pd.DataFrame)
