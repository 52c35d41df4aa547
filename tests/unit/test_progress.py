"""Lines of progress and the summary at the end of a run."""

from types import SimpleNamespace

import pytest

from hiermeta.report.outcome import listed, summary, trouble
from hiermeta.report.progress import PAUSE, Job, Progress, duration
from hiermeta.text.characters import in_terminal


def two_stages(datasets):
    """A fit and a report per data set, numbered fit, report, fit, report, ..."""
    jobs = {}
    for i in range(datasets):
        jobs[2 * i] = Job("fit", f"fit d{i}", f"d{i}.log", (), usual=4.0)
        jobs[2 * i + 1] = Job("report", f"report d{i}", "", (f"d{i}",), needs=(2 * i,))
    return jobs


def test_time_left_is_that_of_jobs_that_take_as_long_as_their_kind_did():
    """Fits of 8 s and reports of 2 s one by one: are 90 s left after the first of ten data sets, 82 s after a fit more?

    One mean for all jobs would say 90 s as well, then 102 s.

    Seen to fail with one mean time for all kinds.
    """
    progress = Progress(two_stages(10), began=100.0)
    progress.start([0], 100.0)
    progress.finish(0, 108.0, {})
    progress.start([1], 108.0)
    progress.finish(1, 110.0, {"d0": ("pass", "")})
    assert progress.remaining(110.0) == pytest.approx(90.0)
    progress.start([2], 110.0)
    progress.finish(2, 118.0, {})
    assert progress.remaining(118.0) == pytest.approx(82.0)


def test_time_left_counts_jobs_side_by_side():
    """Two at a time, all of 10 s, 4 of 20 done after 20 s: are 80 s left?

    Seen to fail with time left as if jobs ran one by one.
    """
    progress = Progress({i: Job("fit", f"fit d{i}", "", (f"d{i}",)) for i in range(20)}, began=0.0, cores=2)
    for first, now in ((0, 0.0), (2, 10.0)):
        progress.start([first, first + 1], now)
        for number in (first, first + 1):
            progress.finish(number, now + 10.0, {f"d{number}": ("pass", "")})
    assert progress.remaining(20.0) == pytest.approx(80.0)


def test_a_line_counts_names_and_tells_failures():
    """Does each finished data set get one line, also several from one job, with what went wrong so far?

    Seen to fail with failures left out of the line.
    """
    jobs = {0: Job("chain", "chain 0", "", ("a", "b")), 1: Job("chain", "chain 1", "1.log", ("c",))}
    progress = Progress(jobs, began=0.0)
    progress.start([0, 1], 0.0)
    progress.fail(1, 50.0, {})
    lines = progress.finish(0, 60.0, {"a": ("refused", "no column 'vi'"), "b": ("warn", "")})
    ending = " · 1 refused, 1 failed job · about 60 s left"
    assert lines == ["1 of 3 · a: refused (no column 'vi')" + ending, "2 of 3 · b: warn" + ending]
    assert progress.unfinished() == ["chain 1 failed; its log: 1.log"]


def test_a_job_that_is_tried_again_is_no_failure():
    """Is a job that failed and then succeeded forgotten as a failure, and the last line without a time?

    Seen to fail with failures kept that were tried again.
    """
    progress = Progress({0: Job("fit", "fit a", "", ("a",))}, began=0.0)
    progress.start([0], 0.0)
    progress.fail(0, 4.0, {})
    progress.start([0], 5.0)
    assert progress.finish(0, 9.0, {"a": ("pass", "")}) == ["1 of 1 · a: pass"]
    assert progress.unfinished() == []


def test_a_batch_counts_what_it_does():
    """Do complete members of a batch count for nothing, and finished ones also where the batch fails?

    Two of four are to do; one is complete when the other fails, which is tried again and succeeds. A second batch had
    nothing to do as it seemed, and has made one anew.

    Seen to fail with the numbers that were expected, and with nothing told of a batch that fails.
    """
    jobs = {0: Job("batch", "batch_1", "1.log", ("c", "d")), 1: Job("batch", "batch_2", "2.log", ())}
    progress = Progress(jobs, began=0.0)
    assert progress.datasets == 2
    progress.start([0], 0.0)
    (line,) = progress.fail(0, 20.0, {"c": ("pass", "")})
    assert line.startswith("1 of 2 · c: pass")
    assert progress.fail(0, 21.0, {}) == []
    progress.start([0], 30.0)
    (line,) = progress.finish(0, 40.0, {"d": ("warn", "")})
    assert line.startswith("2 of 2 · d: warn")
    assert progress.unfinished() == []
    progress.start([1], 40.0)
    assert progress.finish(1, 50.0, {"e": ("pass", "")}) == ["3 of 3 · e: pass"]


def test_long_stages_without_a_finished_data_set_show_life():
    """Is there a line of counted jobs every half minute, and no more often? Seen to fail with a line per job."""
    progress = Progress(two_stages(10), began=0.0)
    lines = []
    for i in range(10):
        progress.start([2 * i], 6.0 * i)
        lines += progress.finish(2 * i, 6.0 * (i + 1), {})
    assert [line.split(" · ")[:2] for line in lines] == [["0 of 10", "1 of 20 jobs"], ["0 of 10", "6 of 20 jobs"]]
    assert PAUSE == 30


@pytest.mark.parametrize("seconds, text", [(3, "10 s"), (84, "80 s"), (170, "3 min"), (7000, "2 h")])
def test_durations_are_rounded(seconds, text):
    """Does the time left claim no more precision than an estimate has? Seen to fail with seconds up to 10 minutes."""
    assert duration(seconds) == text


def entry(name, status="pass", seconds=1.0, message="", agreement=0.1):
    return {"name": name, "status": status, "seconds": seconds, "message": message, "agreement_sd": agreement}


def test_the_summary_tells_counts_reasons_and_the_slowest():
    """Are passed, warned, failed and refused counted, reasons given, and three slowest named, slowest first?

    Seen to fail with the fastest named.
    """
    datasets = [
        entry("a", seconds=2.0),
        entry("b", "warn", 9.0, "divergences 2, required: 0"),
        entry("c", "refused", None, "no such file: c.csv"),
    ]
    datasets += [entry("d", "fail", 3.0, "the chains ended early"), entry("e", seconds=4.0)]
    assert summary(datasets).splitlines() == [
        "5 data sets: 2 pass, 1 warn, 1 fail, 1 refused",
        "  fail: d (the chains ended early)",
        "  refused: c (no such file: c.csv)",
        "  warn: b (divergences 2, required: 0)",
        "  longest sampling: b (9.0 s), e (4.0 s), d (3.0 s)",
    ]
    assert summary([entry("a")]) == "1 data set: 1 pass"


def test_the_summary_names_what_nothing_was_compared_with():
    """Are usable data sets named whose draws were compared with no other posterior, and refused ones not?

    Seen to fail with that line left out, and with refused data sets in it.
    """
    datasets = [entry("a", agreement=None), entry("b"), entry("c", "warn", agreement=None)]
    datasets.append(entry("d", "refused", None, "x", None))
    assert "  not compared with a posterior computed without MCMC: a, c" in summary(datasets).splitlines()
    assert "not compared" not in summary([entry("a"), entry("d", "refused", None, "x", None)])


def check(name, value, threshold, status):
    return {"name": name, "value": value, "threshold": threshold, "status": status}


AGREEMENT = {"parameter": "tau", "statistic": "q97.5", "difference_sd": -0.482, "mcse_sd": 0.0967, "status": "warn"}


@pytest.mark.parametrize(
    "status, checks, agreement, message",
    [
        ("pass", [check("divergences", 0, "0", "pass")], [AGREEMENT | {"status": "pass"}], ""),
        ("warn", [check("smallest bulk ESS", 312.4, "≥ 400", "warn")], [], "smallest bulk ESS 312, required: ≥ 400"),
        (
            "warn",
            [check("smallest bulk ESS", 312.4, "≥ 400", "warn"), check("saturated trees", 3, "0", "warn")],
            [],
            "smallest bulk ESS 312, required: ≥ 400; saturated trees 3, required: 0",
        ),
        ("warn", [], [AGREEMENT], "Stan − exact, in SDs −0.48, q97.5 of τ, Monte Carlo SE 0.097"),
        (
            "fail",
            [check("largest R-hat", 1.067, "< 1.01", "fail"), check("smallest bulk ESS", 33.1, "≥ 400", "warn")],
            [],
            "largest R-hat 1.0670, required: < 1.01",
        ),
    ],
)
def test_the_terminal_says_why(status, checks, agreement, message):
    """Are the checks that gave a data set its status told with values and thresholds, as the page prints them?

    Seen to fail without warnings.
    """
    diagnostics = {"status": status, "checks": checks, "agreement": agreement}
    found = trouble(SimpleNamespace(status=status, trouble="", crashed="", is_meta=True, diagnostics=diagnostics))
    assert found[0] == message
    assert bool(found[1]) == bool(message)


def test_names_in_one_line():
    """Are few names told, and many counted? Seen to fail with all of 500 names."""
    assert listed(["a", "b"]) == "a, b"
    assert listed([f"d{i}" for i in range(500)]).endswith("d18, d19 and 480 more")


def test_many_failures_fill_no_screen():
    """Do 500 refused data sets take some 20 lines, and does the summary say how many more there are?

    Seen to fail with all failures listed.
    """
    lines = summary([entry(f"d{i}", "refused", None, "x") for i in range(500)]).splitlines()
    assert len(lines) == 22
    assert lines[-1] == "  and 480 more with status fail, refused or warn"


def test_data_cannot_steer_the_terminal():
    """Are escape sequences in a message about user data made harmless, and letters of any script kept?

    Seen to fail with control characters let through.
    """
    assert (
        in_terminal("cell '\x1b[2Jα, 研究'\n") == "cell '\N{REPLACEMENT CHARACTER}[2Jα, 研究'\N{REPLACEMENT CHARACTER}"
    )
