"""`classes import`: the names and the order of classes from a list, before anything else has named them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labelprep.errors import SourceError, UsageError, shown
from labelprep.formats import json_files
from labelprep.formats.json_files import NotReadableError
from labelprep.formats.yolo_names import described
from labelprep.manifest import classes, journal

if TYPE_CHECKING:
    from pathlib import Path

    from labelprep.manifest.store import Store

LARGEST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list of classes came to: the names that are new, in order, and those that were there."""

    added: tuple[str, ...]
    known: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the names under their contract names."""
        return {"classes_added": list(self.added), "known": list(self.known)}


def import_classes(store: Store, file: Path, encoding: str | None = None) -> Listed:
    """Add the classes of a list, in its order.

    A list is a text of one name a line, a ``data.yaml``, Darknet's ``obj.names``, or a COCO file. Ids never
    move: classes that exist already have to be the first of the list, in its order.

    Raises: SourceError where the list cannot be read or is empty; UsageError where other classes, or the same
    in another order, exist already.
    """
    names = names_in(file, encoding)
    have = [item.name for item in classes.listed(store.connection)]
    if have != names[: len(have)]:
        first = next((name for name, listed in zip(have, names, strict=False) if name != listed), have[-1])
        raise UsageError(
            f"the class {shown(first)} exists already, at another place than in the list, and ids never move",
            where=str(file),
            fix="import the list into a new manifest, first of all: labelprep scan DIR --labels none",
        )
    with store.writing() as connection:
        new = names[len(have) :]
        if new:
            command = journal.begin(connection, "classes import", {"file": str(file)})
            for name in new:
                classes.add(connection, [name], command)
    return Listed(tuple(new), tuple(have))


def names_in(file: Path, encoding: str | None = None) -> list[str]:
    """Return the names of a list of classes by their numbers; numbers without a name are left out.

    Raises: SourceError.
    """
    if not file.is_file():
        raise SourceError("there is no such file", where=str(file), fix="check the spelling of the path")
    numbered = _categories(file, encoding) if file.suffix.lower() == ".json" else _listed(file, encoding)
    names = [numbered[number] for number in sorted(numbered) if numbered[number].strip()]
    twins = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twins:
        raise SourceError(f"{shown(twins[0])} is in it twice", where=str(file), fix="take one out")
    if not names:
        raise SourceError("it names no classes", where=str(file), fix="write one name a line")
    return names


def _listed(file: Path, encoding: str | None) -> dict[int, str]:
    found = described(str(file), file.name, encoding)
    if found is None or found.names is None:
        return {}
    if len(found.readings) > 1 and found.readings[0] != found.readings[1]:
        one, other = (next(iter(reading.values()), "") for reading in found.readings[:2])
        raise UsageError(
            f"in UTF-8 it says {shown(one)}, in GB18030 {shown(other)}",
            where=str(file),
            fix="say which with --encoding utf-8 or --encoding gb18030",
        )
    return dict(found.names)


def _categories(file: Path, encoding: str | None) -> dict[int, str]:
    """Return the names of COCO's categories by id, or of a plain list of names."""
    try:
        if file.stat().st_size > LARGEST_BYTES:
            raise SourceError("it is too large for a list of classes", where=str(file), fix="name another")
        document = json_files.parsed(json_files.readings(file.read_bytes(), encoding)[0].text)
    except OSError as error:
        raise SourceError(f"it cannot be read: {error.strerror}", where=str(file), fix="") from error
    except NotReadableError as error:
        raise SourceError(error.problem, where=str(file), fix=error.fix) from error
    except RecursionError as error:
        raise SourceError("brackets are nested too deep", where=str(file), fix="name another") from error
    if isinstance(document, list) and all(isinstance(name, str) for name in document):
        return dict(enumerate(document))
    listed = document.get("categories") if isinstance(document, dict) else None
    found = {}
    for item in listed if isinstance(listed, list) else []:
        if isinstance(item, dict) and type(item.get("id")) is int and isinstance(item.get("name"), str):
            found[item["id"]] = item["name"]
    return found
