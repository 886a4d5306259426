"""Workers may crash, hang, eat memory or lose their parent: the other files never notice."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest
from PIL import Image

from labelprep.errors import PixelsError
from labelprep.pixels.cores import usable_cores
from labelprep.pixels.engine import Batch, LocalEngine, Result, Work, WorkerBug

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HAZARDS = """
import os, sys, time

class Hazards:
    def __init__(self, options):
        self.options = options

    def do(self, item):
        if item == "crash":
            os._exit(7)
        if item == "hang":
            time.sleep(600)
        if item == "bug":
            raise ZeroDivisionError("of our own making")
        if item == "memory":
            bytearray(8 << 30)
        if item == "noise":
            print("a library prints", flush=True)
            os.write(1, b"a C library too")
            os.write(2, b"x" * 300_000)
        if item == "payload":
            return {"status": "ok", "problem": ""}, bytes(range(256)) * 1000
        return {"status": "ok", "problem": "", "item": item, "pid": os.getpid()}, b""

    def finish(self, values):
        if self.options.get("log"):
            with open(self.options["log"], "a", encoding="utf-8") as log:
                log.write(f"{len(values)}\\n")

    def close(self):
        pass

WORKS = {"hazards": Hazards}
"""
QUICK_SECONDS = 3.0


@pytest.fixture
def hazards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a module of works that workers can import."""
    folder = tmp_path / "works"
    folder.mkdir()
    (folder / "hazard_works.py").write_text(HAZARDS, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return "hazard_works"


@pytest.fixture
def engine(hazards: str) -> Iterator[LocalEngine]:
    with LocalEngine(workers=2, item_seconds=QUICK_SECONDS, works=hazards) as running:
        yield running


def results_of(engine: LocalEngine, *batches: list[str], **options: str) -> list[list[Result]]:
    """Return the results in the order of the batches."""
    numbered = [Batch(number, items) for number, items in enumerate(batches)]
    found = {done.number: done.results for done in engine.run(numbered, Work("hazards", options))}
    return [found[number] for number in range(len(batches))]


def problems(results: list[Result]) -> list[str]:
    return [result.value["problem"] for result in results]


def test_results_come_in_item_order(engine: LocalEngine) -> None:
    batches = [[f"{number}-{item}" for item in range(5)] for number in range(9)]

    found = results_of(engine, *batches)

    assert [[result.value["item"] for result in results] for results in found] == batches


def test_no_batches_no_results(engine: LocalEngine) -> None:
    assert results_of(engine) == []


def test_empty_batch_has_an_empty_result(engine: LocalEngine) -> None:
    assert results_of(engine, []) == [[]]


def test_crash_costs_its_own_file(engine: LocalEngine) -> None:
    found = results_of(engine, ["a", "crash", "b", "crash", "crash"], ["c"])

    crashed = "the decoder crashed on this file (exit code 7)"
    assert problems(found[0]) == ["", crashed, "", crashed, crashed]
    assert [result.value["status"] for result in found[0]] == ["ok", "corrupt", "ok", "corrupt", "corrupt"]
    assert problems(found[1]) == [""]


def test_hanging_costs_its_own_file(engine: LocalEngine) -> None:
    found = results_of(engine, ["a", "hang", "b"])

    assert problems(found[0]) == ["", "no answer within 3 s", ""]
    assert found[0][1].value["status"] == "corrupt"


def test_work_is_finished_once_with_the_results_of_lost_workers(engine: LocalEngine, tmp_path: Path) -> None:
    log = tmp_path / "log.txt"

    results_of(engine, ["a", "crash", "b"], log=str(log))

    assert log.read_text(encoding="utf-8") == "3\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the address space")
def test_memory_is_bounded(hazards: str) -> None:
    with LocalEngine(workers=1, works=hazards, memory_bytes=2 << 30) as engine:
        found = results_of(engine, ["memory", "a"])

    assert problems(found[0]) == ["needs more memory than a worker may use", ""]
    assert found[0][0].value["status"] == "too_large"


def test_noise_of_libraries_does_not_reach_the_frames(engine: LocalEngine) -> None:
    assert problems(results_of(engine, ["noise", "a", "noise"])[0]) == ["", "", ""]


def test_payload_travels_beside_the_value(engine: LocalEngine) -> None:
    assert results_of(engine, ["payload"])[0][0].payload == bytes(range(256)) * 1000


def test_names_that_are_not_unicode_travel(engine: LocalEngine) -> None:
    name = b"\xff\xfe caf\xc3\xa9 \xe7\x8c\xab\n".decode("utf-8", "surrogateescape")

    assert results_of(engine, [name])[0][0].value["item"] == name


def test_bug_keeps_its_traceback(engine: LocalEngine) -> None:
    with pytest.raises(WorkerBug, match=r"(?s)Traceback.*ZeroDivisionError: of our own making"):
        results_of(engine, ["bug"])

    assert problems(results_of(engine, ["a"])[0]) == [""]


def test_work_that_nobody_knows_is_a_bug(engine: LocalEngine) -> None:
    with pytest.raises(WorkerBug, match="KeyError: 'nonsense'"):
        list(engine.run([Batch(0, ["a"])], Work("nonsense", {})))


def test_batches_are_pulled_a_few_ahead(engine: LocalEngine) -> None:
    pulled: list[int] = []

    def batches() -> Iterator[Batch]:
        for number in range(100):
            pulled.append(number)
            yield Batch(number, ["a"])

    running = engine.run(batches(), Work("hazards", {}))
    next(running)

    assert len(pulled) == 16
    running.close()  # type: ignore[attr-defined]


def test_engine_is_reused_with_the_same_workers(engine: LocalEngine) -> None:
    one = {result.value["pid"] for results in results_of(engine, *[["a"]] * 8) for result in results}
    two = {result.value["pid"] for results in results_of(engine, *[["b"]] * 8) for result in results}

    assert len(one | two) <= 2


def test_second_run_at_the_same_time_is_refused(engine: LocalEngine) -> None:
    running = engine.run([Batch(number, ["a"]) for number in range(9)], Work("hazards", {}))
    next(running)

    with pytest.raises(RuntimeError, match="at work on other batches"):
        next(engine.run([Batch(0, ["a"])], Work("hazards", {})))
    running.close()  # type: ignore[attr-defined]


def test_closing_early_leaves_no_worker(engine: LocalEngine) -> None:
    running = engine.run([Batch(0, ["a"]), Batch(1, ["hang"]), Batch(2, ["hang"])], Work("hazards", {}))
    next(running)

    running.close()  # type: ignore[attr-defined]

    assert workers_of(psutil.Process()) == []


def test_error_in_the_callers_loop_leaves_no_worker(hazards: str) -> None:
    def fail() -> None:
        with LocalEngine(workers=2, works=hazards) as engine:
            for _ in engine.run([Batch(0, ["a"]), Batch(1, ["hang"])], Work("hazards", {})):
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()

    assert workers_of(psutil.Process()) == []


def test_worker_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    with LocalEngine(workers=1, works="no_such_module") as engine, pytest.raises(PixelsError) as caught:
        list(engine.run([Batch(0, ["a"])], Work("scan", {})))

    assert "No module named 'no_such_module'" in caught.value.problem
    assert caught.value.where == sys.executable


def test_interpreter_that_is_not_known_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "")

    with LocalEngine(workers=1) as engine, pytest.raises(PixelsError, match=r"sys\.executable is empty"):
        list(engine.run([Batch(0, ["a"])], Work("scan", {})))


def test_file_named_like_a_library_in_the_folder_is_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "numpy.py").write_text("raise SystemExit('imported')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    found = scanned([str(tmp_path / "none.jpg")], tmp_path)

    assert found[0].value["problem"].startswith("cannot be read: ")


def test_relative_paths_are_of_the_callers_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    monkeypatch.chdir(tmp_path)

    assert scanned(["a.png"], tmp_path)[0].value["status"] == "ok"


def test_cache_that_cannot_be_written_stops_the_run(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "a.bmp")
    (tmp_path / "proxies").write_bytes(b"a file where the folder should be")

    with pytest.raises(PixelsError) as caught:
        scanned([str(tmp_path / "a.bmp")], tmp_path)

    assert caught.value.where == str(tmp_path / "proxies")


def test_script_without_a_main_guard_works(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from labelprep.pixels.engine import Batch, LocalEngine, Work\n"
        "with LocalEngine(workers=2) as engine:\n"
        f"    work = Work('scan', {{'cache': {str(tmp_path)!r}}})\n"
        "    for done in engine.run([Batch(0, ['none.jpg'])], work):\n"
        "        print(done.results[0].value['status'])\n",
        encoding="utf-8",
    )

    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("corrupt\n", "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
@pytest.mark.parametrize("item", ["a", "hang"])
def test_workers_end_when_their_parent_is_killed(tmp_path: Path, hazards: str, item: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import psutil, time\n"
        "from labelprep.pixels.engine import Batch, LocalEngine, Work\n"
        f"engine = LocalEngine(workers=1, works={hazards!r})\n"
        f"running = engine.run([Batch(0, ['a']), Batch(1, [{item!r}])], Work('hazards', {{}}))\n"
        "next(running)\n"
        "print(*[child.pid for child in psutil.Process().children()], flush=True)\n"
        "time.sleep(600)\n",
        encoding="utf-8",
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        workers = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]

        parent.kill()

        _, alive = psutil.wait_procs(workers, timeout=30)
    assert len(workers) == 1
    assert alive == []


def test_default_is_a_worker_a_core() -> None:
    assert LocalEngine().workers == usable_cores()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system cannot pin a process")
def test_pinned_process_takes_the_cores_it_has() -> None:
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from labelprep.pixels.engine import LocalEngine; print(LocalEngine().workers)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "1\n"


def test_worker_starts_without_heavy_libraries() -> None:
    code = "import sys, labelprep.pixels.worker; print([m for m in HEAVY if m in sys.modules])"
    heavy = ["pandas", "tensorflow", "keras", "matplotlib", "rich", "typer", "asyncio", "multiprocessing"]

    done = subprocess.run(
        [sys.executable, "-c", f"HEAVY = {heavy}; {code}"], capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"


def scanned(paths: list[str], cache: Path) -> list[Result]:
    with LocalEngine(workers=1) as engine:
        return next(engine.run([Batch(0, paths)], Work("scan", {"cache": str(cache)}))).results


def workers_of(process: psutil.Process) -> list[psutil.Process]:
    return [child for child in process.children() if "labelprep.pixels.worker" in child.cmdline()]
