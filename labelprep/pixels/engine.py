"""The seam that everything on many files goes through: batches in, results out, in any order.

::

    run ──batches──▶ one thread a worker ──frames──▶ worker process
     ▲                      │
     └──────results─────────┘

A work is a pure function of one item, idempotent by batch number, so that a second engine can spread the
same batches over machines.
"""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self

from labelprep.errors import PixelsError
from labelprep.pixels.cores import usable_cores
from labelprep.pixels.processes import Frame, Loss, WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

POLL_SECONDS: Final = 0.5
# A caller writes what it was given to a database meanwhile: workers have to have enough until it is back.
LOOK_AHEAD: Final = 8
FINISH_TRIES: Final = 3
MEMORY_BYTES: Final = 4 << 30
ITEM_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Work:
    """What to do with each item: a name in ``works.WORKS`` and its options, as JSON values."""

    name: str
    options: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """Some items, as JSON values, under a number of the caller's."""

    number: int
    items: list[Any]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one item: ``value`` holds at least status and problem."""

    value: dict[str, Any]
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The results of one batch, one per item, in item order."""

    number: int
    results: list[Result]


class WorkerBug(RuntimeError):  # noqa: N818 - it is what happened
    """An exception nobody expected in a worker, with the worker's traceback."""


class LocalEngine:
    """Workers on this machine; a file that crashes or hangs one costs itself only."""

    def __init__(
        self,
        *,
        workers: int | None = None,
        item_seconds: float = ITEM_SECONDS,
        memory_bytes: int = MEMORY_BYTES,
        works: str = "",
    ) -> None:
        """Take the bounds; processes start with the first batch.

        ``workers``: default is the cores this process may use. ``works``: a module whose ``WORKS`` are added.
        """
        self.workers = max(workers or usable_cores(), 1)
        self._keepers = [
            _Keeper(item_seconds=item_seconds, memory_bytes=memory_bytes, works=works)
            for _ in range(self.workers)
        ]
        self._is_running = False

    def __enter__(self) -> Self:
        """Return the engine; ``close`` comes at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """End all workers."""
        for keeper in self._keepers:
            keeper.drop()

    def run(self, batches: Iterable[Batch], work: Work) -> Iterator[BatchResult]:
        """Yield the result of every batch as it is finished, pulling few more batches than there are workers.

        Raises:
            PixelsError: a worker cannot be started, or cannot write what it should (a full disk).
            WorkerBug: a worker met an error of the program's own.

        """
        if self._is_running:
            raise RuntimeError(
                "this engine is at work on other batches: finish those first, or take a second engine"
            )
        self._is_running = True
        todo: queue.SimpleQueue[Batch | None] = queue.SimpleQueue()
        done: queue.SimpleQueue[BatchResult | BaseException] = queue.SimpleQueue()
        stop = threading.Event()
        threads = [
            threading.Thread(target=keeper.serve, args=(todo, done, work, stop), daemon=True)
            for keeper in self._keepers
        ]
        is_whole = False
        try:
            for thread in threads:
                thread.start()
            yield from _exchange(iter(batches), todo, done, LOOK_AHEAD * self.workers)
            is_whole = True
        finally:
            stop.set()
            for _ in threads:
                todo.put(None)
            if not is_whole:
                self.close()
            for thread in threads:
                thread.join()
            if not is_whole:
                self.close()
            self._is_running = False


def _exchange(
    batches: Iterator[Batch],
    todo: queue.SimpleQueue[Batch | None],
    done: queue.SimpleQueue[BatchResult | BaseException],
    ahead: int,
) -> Iterator[BatchResult]:
    """Keep ``ahead`` batches with the workers until there are no more."""
    waiting, has_more = 0, True
    while True:
        while has_more and waiting < ahead:
            batch = next(batches, None)
            if batch is None:
                has_more = False
            else:
                todo.put(batch)
                waiting += 1
        if waiting == 0:
            return
        result = _next_result(done)
        if isinstance(result, BaseException):
            raise result
        waiting -= 1
        yield result


def _next_result(done: queue.SimpleQueue[BatchResult | BaseException]) -> BatchResult | BaseException:
    """Wait in short turns: on Windows a wait without end would not see Ctrl-C."""
    while True:
        try:
            return done.get(timeout=POLL_SECONDS)
        except queue.Empty:
            continue


class _Keeper:
    """Keeps one worker at work, and starts another where it is lost."""

    def __init__(self, *, item_seconds: float, memory_bytes: int, works: str) -> None:
        """Take the bounds of each worker."""
        self._bounds = {"item_seconds": item_seconds, "memory_bytes": memory_bytes, "works": works}
        self._worker: WorkerProcess | None = None
        self._lock = threading.Lock()

    def serve(
        self,
        todo: queue.SimpleQueue[Batch | None],
        done: queue.SimpleQueue[BatchResult | BaseException],
        work: Work,
        stop: threading.Event,
    ) -> None:
        """Do batches until there are no more; an error goes to the caller of ``run``."""
        try:
            while (batch := todo.get()) is not None and not stop.is_set():
                results = self._do(batch.items, work, stop)
                if results is not None:
                    done.put(BatchResult(batch.number, results))
        except BaseException as error:  # noqa: BLE001 - raised again where it can be seen
            done.put(error)

    def drop(self) -> None:
        """Kill the worker, if there is one."""
        with self._lock:
            worker, self._worker = self._worker, None
        if worker is not None:
            worker.kill()

    def _do(self, items: list[Any], work: Work, stop: threading.Event) -> list[Result] | None:
        """Get a result for every item, going on in a new worker after each loss; None when stopped.

        A worker that is lost among several items is no witness: what it left unanswered is done again, an
        answer each, and the next loss tells the file.
        """
        results: list[Result] = []
        failures = 0
        each = len(items) == 1
        while not stop.is_set():
            loss = self._attempt(items, work, results, stop, each=each)
            if loss is None:
                return results
            self.drop()
            if stop.is_set():
                break
            if loss.problem and len(results) < len(items):
                if each:
                    results.append(Result({"status": loss.status, "problem": loss.problem}))
                each = True
                continue
            failures += 1
            if failures >= FINISH_TRIES:
                raise PixelsError("workers end as soon as they get work", fix="labelprep doctor")
        return None

    def _attempt(
        self, items: list[Any], work: Work, results: list[Result], stop: threading.Event, *, each: bool
    ) -> Loss | None:
        """Send what is left of a batch to the worker and collect its answers; a loss where it goes."""
        worker = self._ready_worker()
        if stop.is_set():
            return Loss("", "")
        request = {
            "work": work.name,
            "options": work.options,
            "items": items[len(results) :],
            "done": [result.value for result in results],
            "each": each,
        }
        if not worker.send(request):
            # It went while idle: no file is to blame.
            return Loss("", "")
        while True:
            answer = worker.receive()
            if isinstance(answer, Loss):
                return answer
            if "values" not in answer.header:
                _raise(answer)
            results.extend(Result(value) for value in answer.header["values"])
            if answer.payload:
                results[-1] = Result(results[-1].value, answer.payload)
            if "finished" in answer.header:
                return None

    def _ready_worker(self) -> WorkerProcess:
        """Return the worker, a new one where there is none."""
        worker = self._worker
        if worker is None:
            worker = WorkerProcess(**self._bounds)  # type: ignore[arg-type]
            with self._lock:
                self._worker = worker
        return worker


def _raise(answer: Frame) -> NoReturn:
    """Raise here what a worker could not go on after."""
    failed = answer.header.get("failed")
    if failed is not None:
        raise PixelsError(failed["problem"], where=failed["where"], fix=failed["fix"])
    raise WorkerBug(answer.header.get("bug", "a worker sent a frame that nobody knows"))
