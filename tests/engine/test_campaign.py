"""Campaigns: all jobs once, in order, the same bytes however they were run, and a map of where they diverge."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from compare.folders.bundle import verify
from harness.campaign.executors import Dask, Local
from harness.campaign.record import Record, Work
from harness.campaign.report import maps, read_plan
from harness.campaign.specification import jobs_of, read_specification, shard_of
from harness.cli import run
from harness.errors import WrongUse
from harness.finding import find_subject, open_subject

PROGRAM = """\
import os, sys, time

x, rate = 1.0, float(sys.argv[2])
if sys.argv[3] == "kills" and not os.path.exists("PLACE/killed"):
    open("PLACE/killed", "x").close()
    os.kill(os.getppid(), 9)
    time.sleep(10)
for step in range(int(sys.argv[1])):
    x *= 1.0 - rate
    if "SIDE" == "PY" and rate > 0.25 and sys.argv[3] == "odd":
        x *= 1.001
    print(f"TRACE_SIDE_STEP step={step} x={x!r}")
print(f"TRACE_SIDE: x_final {x!r}")
"""
TOML = """\
name = "decay"
result = "x_final"
cases.short.argv = "2 0.1 plain"
[reference]
run = "{python} FOLDER/reference.py {argv}"
[port]
run = "{python} FOLDER/port.py {argv}"
"""
CAMPAIGN = """\
[campaign]
name = "grid"
cases = ["short"]
seeds = [1, 2]
[cells]
common = ""
[axes.steps]
1 = "{seed}"
2 = "3"
[axes.rate]
small = "0.1"
large = "0.3"
[axes.kind]
even = "even"
odd = "odd"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pair of programs, and a campaign over them that diverges in one corner."""
    open_subject.cache_clear()
    for name, side in (("reference", "C"), ("port", "PY")):
        text = PROGRAM.replace("SIDE", side).replace("PLACE", str(tmp_path))
        (tmp_path / f"{name}.py").write_text(text)
    (tmp_path / "parity.toml").write_text(TOML.replace("FOLDER", str(tmp_path)))
    (tmp_path / "grid.toml").write_text(CAMPAIGN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_REPORTS", str(tmp_path / "reports"))
    return tmp_path


def sealed(root: Path, end: str = "") -> list[Path]:
    return sorted(path for path in (root / "reports").iterdir() if "campaign" in path.name and path.name.endswith(end))


def records(place: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (place / "records.jsonl").read_text().splitlines()]


def test_a_campaign_runs_every_combination_once_and_maps_where_it_diverges(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["campaign", "grid.toml"]) == 1
    (place,) = sealed(folder)
    assert verify(place).sealed
    found = records(place)
    assert len(found) == len({record["key"] for record in found}) == 2 + 2 * 8
    failed = [record["place"] for record in found if record["exit_code"]]
    assert all(where["rate"] == "large" and where["kind"] == "odd" for where in failed)  # type: ignore[index, call-overload]
    assert len(failed) == 4
    assert all("STEP[step=0].x" in str(record["first"]) for record in found if record["exit_code"])
    page = (place / "diagnostics.md").read_text()
    assert "14 of 18 jobs in parity" in page
    assert "100 %" in page
    assert "--share: 1.000" in (place / "report.html").read_text()
    assert "14 in parity, 4 not" in capsys.readouterr().out
    assert not list((folder / "reports").glob(".grid*"))


def test_parts_merge_to_the_same_records_as_one_run_with_two_processes(folder: Path) -> None:
    assert run(["campaign", "grid.toml", "--jobs", "2"]) == 1
    for part in ("1/3", "2/3", "3/3"):
        assert run(["campaign", "grid.toml", "--shard", part]) in (0, 1)
    whole, *parts = sealed(folder)
    assert run(["merge", *map(str, parts)]) == 1
    (merged,) = [place for place in sealed(folder) if place not in (whole, *parts)]
    for name in ("records.jsonl", "records.csv", "plan.json", "campaign.toml"):
        assert (merged / name).read_bytes() == (whole / name).read_bytes()


def test_parts_that_are_missing_changed_or_of_another_campaign_do_not_merge(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for part in ("1/2", "2/2"):
        run(["campaign", "grid.toml", "--shard", part])
    first, second = sealed(folder)
    assert run(["merge", str(first)]) == 2
    assert "9 of 18 jobs are in none of the folders" in capsys.readouterr().err
    (folder / "other.toml").write_text(CAMPAIGN.replace("seeds = [1, 2]", "seeds = [1]"))
    run(["campaign", "other.toml"])
    (other,) = [place for place in sealed(folder) if place not in (first, second)]
    assert run(["merge", str(first), str(other)]) == 2
    assert run(["merge", str(folder)]) == 5
    (second / "records.jsonl").write_text("")
    assert run(["merge", str(first), str(second)]) == 5


def work_of(folder: Path) -> tuple[Work, list[object]]:
    subject = find_subject(None)
    jobs = jobs_of(read_specification(folder / "grid.toml"), subject)
    return Work(subject, None, None, 60.0), list(jobs)


def test_a_stopped_campaign_goes_on_where_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.campaign import executors

    usual = executors.Local.run

    def stopped(self: Local, work: Work, jobs: list[object]) -> Iterator[Record]:
        for number, record in enumerate(usual(self, work, jobs)):  # type: ignore[arg-type]
            if number == 5:
                raise KeyboardInterrupt
            yield record

    monkeypatch.setattr(executors.Local, "run", stopped)
    assert run(["campaign", "grid.toml"]) == 130
    asked: list[int] = []

    def counted(self: Local, work: Work, jobs: list[object]) -> Iterator[Record]:
        asked.append(len(jobs))
        return usual(self, work, jobs)  # type: ignore[arg-type]

    monkeypatch.setattr(executors.Local, "run", counted)
    assert run(["campaign", "grid.toml"]) == 1
    assert asked == [13]
    assert len(records(sealed(folder)[-1])) == 18


def test_a_worker_that_is_killed_loses_and_doubles_nothing(folder: Path) -> None:
    (folder / "grid.toml").write_text(CAMPAIGN.replace('even = "even"', 'even = "kills"'))
    work, jobs = work_of(folder)
    found = list(Local(2).run(work, jobs))  # type: ignore[arg-type]
    assert (folder / "killed").exists()
    assert sorted(record.key for record in found) == sorted(job.key for job in jobs)  # type: ignore[attr-defined]
    assert not any("died" in said for record in found for _, _, said in record.checks)


def test_a_job_that_kills_every_worker_is_given_up_and_the_others_are_not(folder: Path) -> None:
    for name in ("reference", "port"):
        text = (folder / f"{name}.py").read_text().replace('and not os.path.exists("', 'and not os.path.exists("/none')
        (folder / f"{name}.py").write_text(text.replace('    open("', '    0 and open("'))
    toml = (
        CAMPAIGN.replace("seeds = [1, 2]", "").replace('1 = "{seed}"\n', "").replace('even = "even"', 'even = "kills"')
    )
    (folder / "grid.toml").write_text(toml.replace('large = "0.3"\n', ""))
    work, jobs = work_of(folder)
    found = list(Local(2).run(work, jobs))  # type: ignore[arg-type]
    assert sorted(record.key for record in found) == sorted(job.key for job in jobs)  # type: ignore[attr-defined]
    dead = [record.place for record in found if any("died" in said for _, _, said in record.checks)]
    assert [place["kind"] for place in dead] == ["even"]


def kill_one(workers: Callable[[], list[int]], delay_s: float) -> threading.Thread:
    """Kill one of the workers after a while."""

    def kill() -> None:
        time.sleep(delay_s)
        os.kill(workers()[0], signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_dask_scheduler_with_two_workers_one_of_them_killed(folder: Path) -> None:
    distributed = pytest.importorskip("distributed")
    (folder / "grid.toml").write_text(CAMPAIGN.replace("seeds = [1, 2]", f"seeds = {list(range(1, 6))}"))
    work, jobs = work_of(folder)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as cluster:
        pids = [worker.pid for worker in cluster.workers.values()]
        thread = kill_one(lambda: pids, 1.0)
        found = list(Dask(cluster.scheduler_address).run(work, jobs))  # type: ignore[arg-type]
        thread.join()
    assert sorted(record.key for record in found) == sorted(job.key for job in jobs)  # type: ignore[attr-defined]
    alone = {record.key: record for record in Local(1).run(work, jobs)}  # type: ignore[arg-type]
    assert {record.key: record for record in found} == alone
    assert not multiprocessing.active_children()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[campaign]", "[campaigne]", "unknown key 'campaigne'"),
        ('name = "grid"', 'name = "../x"', "needs a name"),
        ('cases = ["short"]', "cased = 1", "unknown key 'cased'"),
        ('cases = ["short"]', 'cases = ["none"]', "none"),
        ("[axes.rate]\n", "[axes.rate]\nempty = 3\n", "needs levels"),
        ('common = ""', 'cover = "some"', "cover must be one of"),
        ('common = ""', 'cover = "random"', "needs a number"),
        ("seeds = [1, 2]", "devices = []", "empty list"),
        ("seeds = [1, 2]", 'modes = ["other"]', "modes must be"),
        ("[axes.steps]", "[axes.steps", "cannot be read as a campaign"),
    ],
)
def test_what_is_wrong_with_a_specification_is_told_in_a_line(
    folder: Path, old: str, new: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "grid.toml").write_text(CAMPAIGN.replace(old, new))
    assert run(["campaign", "grid.toml"]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1
    assert not (folder / "reports").exists() or not sealed(folder)


def test_every_job_is_in_exactly_one_part(folder: Path) -> None:
    _, jobs = work_of(folder)
    parts = [shard_of(jobs, f"{i}/4") for i in range(1, 5)]  # type: ignore[arg-type]
    assert sorted(job.key for part in parts for job in part) == sorted(job.key for job in jobs)  # type: ignore[attr-defined]
    for wrong in ("0/4", "5/4", "1", "a/b", "1/0"):
        with pytest.raises(WrongUse, match="--shard takes i/n"):
            shard_of(jobs, wrong)  # type: ignore[arg-type]


def test_pairs_cover_and_the_plan_reads_back(folder: Path) -> None:
    (folder / "grid.toml").write_text(CAMPAIGN.replace('common = ""', 'cover = "pairs"').replace("seeds = [1, 2]", ""))
    text = (folder / "grid.toml").read_text().replace("{seed}", "2")
    (folder / "grid.toml").write_text(text)
    assert 4 <= len(read_specification(folder / "grid.toml").cells()) < 8
    run(["campaign", "grid.toml"])
    (place,) = sealed(folder)
    assert [key for _, key in read_plan(place).jobs] == [record["key"] for record in records(place)]


def test_axes_that_tell_most_are_mapped_first() -> None:
    found = [
        Record(
            f"{a}{b}{c}",
            f"{a}{b}{c}",
            {"quiet": a, "loud": b, "other": c},
            (),
            "",
            int(b == "1" and c == "1"),
            (),
            {},
            None,
        )
        for a in "01"
        for b in "012"
        for c in "01"
    ]
    (down, across, table), *_ = maps(found)
    assert {down, across} == {"loud", "other"}
    assert table.shaded
    assert sorted(cell for row in table.rows for cell in row[1:]) == [0.0] * 5 + [1.0]
