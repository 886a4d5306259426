"""`export`: the labels of today in a format of others, with the loss told before and a proof after.

Everything is written to a temporary name beside the target and renamed when it is whole. A folder is only
ever replaced where an export made it: it then holds `MARK`.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from labelprep.errors import SourceError, UsageError, shown
from labelprep.formats import WRITERS, writer
from labelprep.formats.base import Export
from labelprep.formats.placing import Files
from labelprep.manifest import classes
from labelprep.model.images import SPLITS
from labelprep.progress import Progress, Silent
from labelprep.workflows.outgoing import Chosen, outgoing, usable
from labelprep.workflows.verifying import Verification, check_readable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labelprep.formats.base import Outgoing, Writer, Written
    from labelprep.manifest.store import Store

MARK: Final = ".labelprep-export.json"
OUTSIDE: Final = "images that cannot be decoded"
CONFLICTS: Final = "images whose sources disagree"
EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """How to export.

    ``format`` is a name in ``WRITERS``; ``files`` says what becomes of the images themselves (copy, link,
    symlink, leave); ``splits``, ``classes``: only these; ``settings``: options of the format itself.
    """

    format: str
    overwrite: bool = False
    allow_loss: bool = False
    verify: bool = False
    files: str = Files.COPY
    splits: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written; ``lost`` counts by kind what the format cannot hold.

    ``differences`` are what reading it back gave otherwise, None where that was not asked for.
    """

    target: Path
    format: str
    images: int
    annotations: int
    files: int
    lost: dict[str, int]
    differences: tuple[str, ...] | None = None
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Return the report under its contract names."""
        return {
            "written": str(self.target),
            "format": self.format,
            "images": self.images,
            "annotations": self.annotations,
            "files": self.files,
            "lost": [{"kind": kind, "n": number} for kind, number in self.lost.items()],
            "verified": None if self.differences is None else not self.differences,
            "differences": list(self.differences or ()),
            "seconds": round(self.seconds, 3),
        }


def format_for(target: Path) -> str:
    """Return the format that the ending of a target stands for.

    Raises: UsageError where it stands for none, or for several.
    """
    suffix = target.suffix.lower()
    named = [name for name in WRITERS if suffix and writer(name).suffix == suffix]
    if len(named) == 1:
        return named[0]
    raise UsageError("which format?", where=str(target), fix=f"add --to {'|'.join(named or WRITERS)}")


def export_labels(
    store: Store, target: Path, options: ExportOptions, progress: Progress | None = None
) -> ExportReport:
    """Write the labels of today into a file or folder of some format.

    Raises: UsageError for a format or option that is not known, a target that exists, and a loss that was
    not allowed; SourceError where there is nothing to write, or it cannot be written. The target is as it was
    then.
    """
    began = time.perf_counter()
    chosen = _checked(store, options)
    if options.verify:
        check_readable(options.format)
    made = writer(options.format)
    _check_target(store, target, made, overwrite=options.overwrite)
    watching = progress or Silent()
    export = Export(
        root=store.root,
        classes=_class_names(store, chosen),
        items=lambda: outgoing(store, chosen),
        class_ids=_class_ids(store, options.format),
        files=Files(options.files),
        options=options.settings,
    )
    with store.telling():
        lost = _losses(store, export, made, chosen)
        check_loss(made.name, target, lost, allowed=options.allow_loss)
        written, placed = _write(export, made, target, watching)
        found = None
        if options.verify:
            found = tuple(Verification(store, export, made, target, placed).differences())
    return ExportReport(
        target=target,
        format=options.format,
        images=written.images,
        annotations=written.annotations,
        files=written.files,
        lost=lost,
        differences=found,
        seconds=time.perf_counter() - began,
    )


def check_loss(name: str, target: Path, lost: dict[str, int], *, allowed: bool) -> None:
    """Refuse an export that would lose something, unless that is allowed.

    Raises: UsageError.
    """
    if lost and not allowed:
        raise UsageError(
            f"{name} cannot hold all of it; this would be lost: {told(lost)}",
            where=str(target),
            fix="choose another format, or pass --allow-loss",
        )


def most_first(lost: Counter[str]) -> dict[str, int]:
    """Return losses in the order in which they are told."""
    return dict(sorted(lost.items(), key=lambda pair: (-pair[1], pair[0])))


def told(lost: dict[str, int]) -> str:
    """Return losses as a phrase."""
    return ", ".join(f"{number:,} × {kind}" for kind, number in lost.items())


def _checked(store: Store, options: ExportOptions) -> Chosen:
    """Refuse words that are none of those allowed.

    Raises: UsageError.
    """
    known = [item.name for item in classes.listed(store.connection)]
    for option, given, words in (
        ("--to", (options.format,), tuple(WRITERS)),
        ("--files", (options.files,), tuple(Files)),
        ("--split", options.splits, SPLITS),
        ("--class", options.classes, tuple(known)),
    ):
        for word in given:
            if word not in words:
                raise UsageError(
                    f"{shown(word)} is none of {', '.join(words)}", where=option, fix="name one of them"
                )
    return Chosen(options.splits, options.classes)


def _check_target(store: Store, target: Path, made: Writer, *, overwrite: bool) -> None:
    """Refuse a target that exists (unless an export made it and it may be replaced) or holds originals.

    Raises: UsageError.
    """
    absolute = target.absolute()
    if made.suffix and target.suffix.lower() != made.suffix:
        raise UsageError(
            f"{made.name} is one file that ends in {made.suffix}",
            where=str(target),
            fix=f"name it {target.stem or 'labels'}{made.suffix}",
        )
    if any(absolute == held or absolute in held.parents for held in (store.root, store.path)):
        raise UsageError("the images or the manifest lie in it", where=str(target), fix="name another place")
    if not os.path.lexists(target):
        return
    if not overwrite:
        raise UsageError("it exists already", where=str(target), fix="name another, or pass --overwrite")
    is_ours = not target.is_dir() if made.suffix else (target / MARK).is_file() or _is_empty(target)
    if not is_ours:
        raise UsageError(
            "it is no export of labelprep, so it is not replaced", where=str(target), fix="name another place"
        )


def _is_empty(target: Path) -> bool:
    return target.is_dir() and not any(target.iterdir())


def _class_names(store: Store, chosen: Chosen) -> tuple[str, ...]:
    known = classes.listed(store.connection)
    names = (item.name for item in known if item.merged_into is None and not item.retired)
    return tuple(name for name in names if not chosen.classes or name in chosen.classes)


def _class_ids(store: Store, name: str) -> dict[str, int]:
    """Return the numbers that the newest source of this format gave to its classes."""
    row = store.connection.execute(
        """
        SELECT options FROM source WHERE kind = ? AND json_extract(options, '$.class_ids') IS NOT NULL
        ORDER BY id DESC LIMIT 1
        """,
        (name,),
    ).fetchone()
    found: dict[str, int] = json.loads(row[0])["class_ids"] if row else {}
    return found


def _losses(store: Store, export: Export, made: Writer, chosen: Chosen) -> dict[str, int]:
    """Count by kind what the format cannot hold of all images, most first."""
    lost: Counter[str] = Counter()
    images = 0
    for item in export.items():
        images += 1
        lost += made.lost(item)
    if not images:
        raise SourceError("there are no images for it", where=str(store.path), fix="nothing to export")
    splits = f" AND split IN ({', '.join('?' * len(chosen.splits))})" if chosen.splits else ""
    count = "SELECT count(*) FROM image WHERE status NOT IN ('missing', 'excluded')"
    total = store.connection.execute(f"{count}{splits}", chosen.splits).fetchone()[0]
    usable_count = f"SELECT count(*), ifnull(sum(conflict), 0) FROM image WHERE {usable(chosen)}"  # noqa: S608 - constants
    kept, conflicts = store.connection.execute(usable_count, chosen.splits).fetchone()
    lost += Counter({OUTSIDE: total - kept, CONFLICTS: conflicts})
    return most_first(lost)


def _unwritable(target: Path, error: OSError) -> SourceError:
    """Say why a target cannot be written; a name that grew too long for the disk is named."""
    problem, fix = (
        f"it cannot be written: {error.strerror or error}",
        "look at the disk, or name another place",
    )
    if error.errno == errno.ENAMETOOLONG and error.filename:
        problem = f"{problem}: {shown(Path(os.fsdecode(error.filename)).name)}"
        fix = "rename the image or class, or choose another format"
    return SourceError(problem, where=str(target), fix=fix)


def _write(export: Export, made: Writer, target: Path, progress: Progress) -> tuple[Written, dict[str, str]]:
    """Write beside the target and rename; return also which image each image file in it is."""
    part = target.with_name(f".{target.stem}.{secrets.token_hex(4)}{made.suffix or '.part'}")
    try:
        with progress.track("writing", None) as bar:

            def items() -> Iterator[Outgoing]:
                for item in export.items():
                    bar.advance()
                    yield item

            target.parent.mkdir(parents=True, exist_ok=True)
            followed = replace(export, items=items, placed={})
            written = made.write(followed, part)
        if not made.suffix:
            (part / MARK).write_text(json.dumps({"format": made.name}) + "\n", encoding="utf-8")
        _rename(part, target)
    except OSError as error:
        raise _unwritable(target, error) from error
    finally:
        _remove(part)
    return written, {path.relative_to(part).as_posix(): image for path, image in followed.placed.items()}


def _rename(part: Path, target: Path) -> None:
    """Put a whole export in its place; what was there goes only once the new one is there."""
    if not target.is_dir() or target.is_symlink():
        part.replace(target)
        return
    old = target.with_name(f".{target.name}.{secrets.token_hex(4)}.old")
    target.rename(old)
    try:
        part.rename(target)
    except OSError:
        old.rename(target)
        raise
    _remove(old)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
