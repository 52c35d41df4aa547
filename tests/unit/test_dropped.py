"""Rows left out are summarised by reason, in the terminal and on the page, however many there are."""

import pytest
import yaml

from hiermeta.cli import main
from hiermeta.data.selection import LISTED, by_reason, listed
from hiermeta.io.results import Results
from hiermeta.report import pooled_answer, tables


@pytest.mark.parametrize("missing", [1, LISTED, LISTED + 1, 3000])
def test_reasons_are_counted_and_their_first_rows_named(missing):
    """Do counts add up to the rows left out, and is a reason's list never longer than its limit?

    Seen to fail with one row too few told as the rest.
    """
    dropped = [{"row": 2 * i + 1, "reason": "empty"} for i in range(missing)] + [{"row": 8, "reason": "subset"}] * 2
    summary = {entry["reason"]: entry for entry in by_reason(dropped)}
    assert {reason: entry["count"] for reason, entry in summary.items()} == {"empty": missing, "subset": 2}
    assert summary["empty"]["first_rows"] == [2 * i + 1 for i in range(min(missing, LISTED))]
    words = listed(summary["empty"])
    assert words.endswith("more") == (missing > LISTED)
    if missing > LISTED:
        named, rest = words.rsplit(" and ", 1)
        assert len(named.split(", ")) + int(rest.removesuffix(" more").replace(",", "")) == missing


def test_thousands_of_rows_left_out_take_a_line_in_the_terminal(tmp_path, capsys, monkeypatch):
    """Is there a line per reason rather than per row in the output of `hiermeta check`?

    Seen to fail with a line per row.
    """
    monkeypatch.chdir(tmp_path)
    rows = [f"{i % 7}.5,{0.1 if i % 3 else ''}" for i in range(3000)]
    (tmp_path / "data.csv").write_text("\n".join(["yi,vi", *rows]))
    entry = {"data": "data.csv", "analysis": "meta", "measure": "SMD", "effect": "yi", "variance": "vi"}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"datasets": {"x": entry}}))
    assert main(["check", "config.yaml"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "left out" in line]
    assert len(lines) == 1
    assert "1000 rows" in lines[0]
    assert "and 988 more" in lines[0]


def test_the_page_does_not_grow_with_the_rows_left_out(tmp_path):
    """Are thousands of rows left out a row per reason on the page, and thousands of reasons cut?

    Seen to fail with the rows of a meta-analysis listed one by one.
    """
    results = Results(tmp_path)
    results.__dict__["validation"] = {"dropped": [{"row": i, "reason": f"reason {i % 2}"} for i in range(5000)]}
    assert [row[1].text for row in tables.dropped(results).rows] == ["2,500", "2,500"]
    results.__dict__["validation"] = {"dropped": [{"row": i, "reason": f"reason {i}"} for i in range(5000)]}
    table = tables.dropped(results)
    assert len(table.rows) == tables.REASONS_SHOWN
    assert "5,000 reasons" in table.caption


@pytest.mark.parametrize(
    ("others", "whose"), [(["subset: arm is not a"], "some of the others have"), ([], "the others have"), (None, None)]
)
def test_rows_without_a_value_are_not_said_to_be_all_the_others(tmp_path, others, whose):
    """Does the answer tell rows that lack a value from those that a subset excludes, and say nothing of fewer than 10%?

    Seen to fail: every row that was not used was said to have no value.
    """
    missing = ["no value in column 'x' (effect)"] * (2 if others is not None else 1)
    dropped = [{"row": i, "reason": reason} for i, reason in enumerate([*missing, *(others or [])])]
    results = Results(tmp_path)
    results.__dict__["validation"] = {"dropped": dropped, "rows_read": 20, "rows_used": 20 - len(dropped)}
    text = ["".join(str(getattr(part, "text", part)) for part in parts) for parts in pooled_answer.left_out(results)]
    assert [f" of 20 rows were used: {whose} no value in column 'x' (effect)." in line for line in text] == (
        [True] if whose else []
    )
