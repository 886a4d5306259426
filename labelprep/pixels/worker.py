"""The process that decodes: run as ``python -m labelprep.pixels.worker``, spoken to over its pipes.

It may crash or hang without harm: the engine sees which file it was on. It ends by itself when its
standard input closes, so that a killed parent leaves no workers behind.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import queue
import signal
import sys
import threading
import time
import traceback
import warnings
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from PIL import AvifImagePlugin

from labelprep.errors import LabelprepError
from labelprep.model.images import Status
from labelprep.pixels.pipes import read_frame, write_frame
from labelprep.pixels.works import WORKS, Session

if TYPE_CHECKING:
    from collections.abc import Callable

GRACE_SECONDS: Final = 15
GROUP_SECONDS: Final = 0.02
"""Answers wait for others so long at most: a frame each would cost a small picture a tenth of its time."""


def main() -> None:
    """Serve batches until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--memory", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--works", default="")
    arguments = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, answers = _take_pipes()
    limit_memory(arguments.memory)
    warnings.simplefilter("ignore")
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    works = dict(WORKS)
    if arguments.works:
        works.update(importlib.import_module(arguments.works).WORKS)
    inbox: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests, inbox), daemon=True).start()
    write_frame(answers, {"ready": os.getpid()})
    # Only what stopped the start is worth reading: libraries warn about every other file.
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 2)
    serve(inbox, answers, works, arguments.seconds)


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep the pipes for frames; whatever a library prints goes to standard error."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return requests, answers


def limit_memory(memory_bytes: int) -> None:
    """Bound the address space where the system has such a bound; elsewhere the engine watches."""
    if memory_bytes <= 0 or sys.platform != "linux":
        return
    import resource  # noqa: PLC0415 - not on every system

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    bound = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
    resource.setrlimit(resource.RLIMIT_AS, (bound, hard))


def _listen(requests: BinaryIO, inbox: queue.SimpleQueue[dict[str, Any]]) -> None:
    """Hand on requests; when the pipe ends the parent is gone or done, so the process ends at once."""
    while (frame := read_frame(requests)) is not None:
        inbox.put(frame[0])
    os._exit(0)


def serve(
    inbox: queue.SimpleQueue[dict[str, Any]],
    answers: BinaryIO,
    works: dict[str, Callable[[dict[str, Any]], Session]],
    seconds: float,
) -> None:
    """Answer batch after batch; a work keeps its session as long as its options stay the same."""
    key, session = "", None
    while True:
        request = inbox.get()
        try:
            wanted = json.dumps([request["work"], request["options"]], sort_keys=True)
            if session is None or wanted != key:
                if session is not None:
                    session.close()
                key, session = wanted, works[request["work"]](request["options"])
            _serve_batch(session, request, answers, seconds)
        except LabelprepError as error:
            write_frame(answers, {"failed": error.as_json()})
        except Exception:  # noqa: BLE001 - a bug travels to the parent with its traceback
            write_frame(answers, {"bug": traceback.format_exc()})


def _serve_batch(session: Session, request: dict[str, Any], answers: BinaryIO, seconds: float) -> None:
    """Answer the items, several in a frame unless each is asked for, then make what was written last."""
    done = list(request["done"])
    group: list[Any] = []
    since = time.monotonic()
    for item in request["items"]:
        _alarm(seconds)
        try:
            value, payload = session.do(item)
        except MemoryError:
            value, payload = (
                {"status": Status.TOO_LARGE, "problem": "needs more memory than a worker may use"},
                b"",
            )
        _alarm(0)
        done.append(value)
        group.append(value)
        if payload or request["each"] or time.monotonic() - since > GROUP_SECONDS:
            write_frame(answers, {"values": group}, payload)
            group, since = [], time.monotonic()
    session.finish(done)
    write_frame(answers, {"values": group, "finished": True})


def _alarm(seconds: float) -> None:
    """Let the system end this process should it hang after its parent is gone; 0 calls that off."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds + GRACE_SECONDS if seconds > 0 else 0)


if __name__ == "__main__":
    main()
