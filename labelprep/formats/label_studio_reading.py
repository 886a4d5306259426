"""The files of one Label Studio source, read one after the other into the items of a reading."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from labelprep.errors import shown
from labelprep.formats import json_files, json_streams
from labelprep.formats.base import Item, ReadContext, Reading, Rejected
from labelprep.formats.json_files import NotReadableError
from labelprep.formats.label_files import Teller
from labelprep.formats.label_studio_results import Ears, Names, Results
from labelprep.formats.label_studio_shapes import ELLIPSE, form_of, own_of, size_in
from labelprep.formats.label_studio_tasks import (
    ANNOTATION_KEY,
    TASK_KEY,
    NoImageError,
    annotation_said,
    author_of,
    image_of,
    is_flat,
    split_of,
    task_said,
    unflattened,
    with_said,
)
from labelprep.model.annotation import Kind, Record
from labelprep.model.geometry import crosses_itself
from labelprep.model.issues import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from labelprep.formats.label_files import LabelFile
    from labelprep.formats.label_studio_results import Read
    from labelprep.formats.label_studio_shapes import Size
    from labelprep.formats.label_studio_tasks import Image, Located
    from labelprep.model.annotation import Annotation

# Codes are a contract: never renumbered.
NOT_READ = "LP320"  # a file cannot be read
NOT_TAKEN = "LP321"  # an entry is no task, or one without annotations in full
SHAPE = "LP322"  # a result is not taken
IMAGE = "LP323"  # which image a task means is not certain
NOTHING_SAID = "LP324"  # a task says nothing (yet)
READ_AS = "LP325"  # something was read otherwise than written
SEVERAL = "LP326"  # tasks have several annotations
OTHERS = "LP327"  # results that are neither class nor shape
ENCODING = "LP328"  # the encoding was inferred
CROSSING = "LP329"  # a polygon crosses itself

LARGEST_TASK: Final = 64 << 20
"""So many characters one task may have: brushes are long."""
_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]")
_MEND: Final = "mend it, or export it again"


@dataclass(frozen=True, slots=True)
class _Statement:
    """One annotation or prediction of a task, with its place and its results."""

    place: str
    value: dict[str, Any]
    results: Sequence[Located]
    is_prediction: bool


@dataclass(slots=True)
class _Task:
    """A task under reading: ``own`` is what this program wrote of it."""

    place: str
    value: dict[str, Any]
    statements: list[_Statement] = field(default_factory=list)
    own: dict[str, Any] = field(default_factory=dict)

    def results(self) -> Iterator[Any]:
        """Yield the results of all statements."""
        for statement in self.statements:
            for _, result in statement.results:
                yield result


class Pass:
    """Reads the files of one source."""

    def __init__(self, context: ReadContext, encoding: str | None, reading: Reading) -> None:
        """Take what is known of the manifest, the encoding set by a person, and what to fill."""
        self._context = context
        self._encoding = encoding
        self._facts = reading.facts
        self._columns = [str(name) for name in context.options.get("label_columns") or ()]
        self._teller = Teller(reading)

    def items(self, files: Iterator[LabelFile]) -> Iterator[Item]:
        """Yield one record or rejection an annotation or prediction, a rejection for a task without any."""
        for file in files:
            self._facts["files"] += 1
            try:
                yield from self._file(file)
            except NotReadableError as error:
                issue = Issue(NOT_READ, Severity.ERROR, file.name, error.problem, error.fix)
                yield Rejected(error.reason, issue)
        self._facts["encoding"] = ", ".join(sorted(self._facts["encodings"])) or None
        self._teller.finish()

    def _file(self, file: LabelFile) -> Iterator[Item]:
        path = Path(file.path)
        document: dict[str, Any] = {}
        held = 0
        is_list = False
        try:
            encoding = self._encoding_of(file, path)
            with path.open("rb") as opened:
                for entry in json_streams.entries(opened, encoding, LARGEST_TASK):
                    if not entry.key and not document:
                        is_list = True
                        if entry.at is not None:
                            yield from self._of_list(file, entry)
                    elif entry.at is None:
                        document[entry.key] = entry.value
                    else:
                        held += len(entry.text)
                        if held > LARGEST_TASK:
                            problem = f"one task has more than {LARGEST_TASK:,} characters"
                            raise NotReadableError("too_large", problem, "export a list of tasks")
                        document[entry.key].append(entry.value)
        except OSError as error:
            problem = f"cannot be read: {error.strerror or error}"
            raise NotReadableError("unreadable", problem, "look at its permissions") from error
        if not is_list:
            yield from self._entry(file, "", _whole(document))

    def _encoding_of(self, file: LabelFile, path: Path) -> str:
        try:
            encoding = json_streams.encoding_of(path, self._encoding)
        except NotReadableError as error:
            if not error.problem.startswith(json_streams.TWO_READINGS):
                raise
            encoding = "utf-8"
            note = f"{error.problem}: read as UTF-8, which Label Studio writes"
            self._teller.notes.add(ENCODING, file.name, note, "--encoding gb18030 if that is wrong")
        encodings = self._facts["encodings"]
        encodings[encoding] = encodings.get(encoding, 0) + 1
        if encoding == "gb18030" and self._encoding is None:
            note = "read as GB18030, not UTF-8"
            self._teller.notes.add(ENCODING, file.name, note, "--encoding if that is wrong")
        return encoding

    def _of_list(self, file: LabelFile, entry: json_streams.Entry) -> Iterator[Item]:
        place = f"[{entry.at}]"
        try:
            value = json_files.parsed(entry.text) if _HALF.search(entry.text) else entry.value
        except NotReadableError as error:
            issue = Issue(NOT_READ, Severity.ERROR, f"{file.name}:{place}", error.problem, error.fix)
            yield Rejected(error.reason, issue)
            return
        yield from self._entry(file, place, value)

    def _entry(self, file: LabelFile, place: str, value: Any) -> Iterator[Item]:  # noqa: ANN401 - JSON
        self._facts["tasks"] += 1
        where = _joined(file.name, place)
        task = _task_of(place, value, self._columns)
        if isinstance(task, str):
            yield Rejected("no_task", Issue(NOT_TAKEN, Severity.ERROR, where, task, _MEND))
            return
        try:
            wished = task.own.get("image")
            image = image_of(task.value["data"], task.results(), wished, self._context.is_image)
        except NoImageError as error:
            fix = "export tasks of one image each"
            yield Rejected("no_image", Issue(IMAGE, Severity.ERROR, where, str(error), fix))
            return
        yield from _Statements(self._context, self._facts, self._teller, file, task, image).items()


@dataclass(frozen=True, slots=True)
class _Statements:
    """The annotations and predictions of one task."""

    context: ReadContext
    facts: dict[str, Any]
    teller: Teller
    file: LabelFile
    task: _Task
    image: Image

    @property
    def where(self) -> str:
        """The place of the task."""
        return _joined(self.file.name, self.task.place)

    def items(self) -> Iterator[Item]:
        """Yield an item a statement, or one for a task without any."""
        if self.task.value.get("drafts"):
            note = "drafts are not taken: only what was submitted"
            self.teller.notes.add(NOTHING_SAID, self.where, note, "submit them in Label Studio")
        if not self.task.statements:
            split, group = split_of(self.task.value["data"]), _text(self.task.own.get("group"))
            if split or group:
                name, beside = self.image.name, self.file.beside
                place = _joined(self.file.locator, self.task.place)
                yield Record(name, place, (), split, group, beside, is_silent=True)
                return
            problem = f"{shown(self.image.name)} has no annotation yet"
            issue = Issue(NOTHING_SAID, Severity.NOTE, self.where, problem, "")
            yield Rejected("no_label", issue, self.image.name)
            return
        size_wh = self._size()
        number = 0
        for statement in self.task.statements:
            item = self._item(statement, size_wh)
            number += isinstance(item, Record) and not statement.is_prediction
            yield item
        if number > 1:
            problem = "a task has several annotations: each is a statement, and the shapes of all are taken"
            fix = "keep one a task in Label Studio, where they show the same objects"
            self.teller.notes.add(SEVERAL, self.where, problem, fix, Severity.WARNING)

    def _size(self) -> Size | None:
        """Return the size that 100 % are: the one stated, or that of the image where both have one shape."""
        results = [one for one in self.task.results() if isinstance(one, dict)]
        stated = next((size for one in results if (size := size_in(one))), None)
        if all(form_of(one) is None for one in results):
            return stated
        real = self.context.size_of(self.image.name, self.file.beside)
        if stated is None or real is None or real == stated:
            return stated or real
        across, down = real[0] / stated[0], real[1] / stated[1]
        apart = abs(across - down) * min(stated)
        if any(form_of(one) == "brush" for one in results) or apart > max(across, down, 1):
            return stated
        note = "it was labelled on a picture of another size: per cent are taken of the image itself"
        self.teller.notes.add(READ_AS, self.where, note, "")
        return real

    def _item(self, statement: _Statement, size_wh: Size | None) -> Item:
        self.facts["predictions" if statement.is_prediction else "annotations"] += 1
        where = _joined(self.file.name, statement.place)
        if statement.value.get("was_cancelled") is True:
            issue = Issue(NOTHING_SAID, Severity.NOTE, where, "it was skipped (was_cancelled)", "")
            return Rejected("skipped", issue, self.image.name)
        names = Names(_texts(self.task.own.get("controls")))
        bad: list[Issue] = []

        def tell(place: str, problem: str) -> None:
            self.teller.notes.add(READ_AS, f"{where}:{place}", problem, "")

        def refuse(place: str, problem: str) -> None:
            fix = "mend it, or draw it again"
            bad.append(Issue(SHAPE, Severity.ERROR, f"{where}:{place}", problem, fix))

        def keep(place: str, kind: str) -> None:
            note = f"{kind} is neither a class nor a shape: it is kept beside these"
            self.teller.notes.add(OTHERS, f"{where}:{place}", note, "")

        read = Results(statement.results, size_wh, names, Ears(tell, refuse, keep)).read()
        if not read.annotations and (bad or read.others):
            for issue in bad[1:]:
                self.teller.tell(issue)
            return self._without(where, read, bad)
        for issue in bad:
            self.teller.tell(issue)
        self._count(read, where)
        return self._record(statement, read.annotations, self._said(statement, read, names), size_wh)

    def _without(self, where: str, read: Read, bad: list[Issue]) -> Rejected:
        if bad:
            return Rejected("bad_shapes", bad[0], self.image.name)
        kinds = ", ".join(sorted({str(other.get("type")) for other in read.others}))
        issue = Issue(OTHERS, Severity.WARNING, where, f"it holds nothing but {kinds}", "")
        return Rejected("no_class_or_shape", issue, self.image.name)

    def _count(self, read: Read, where: str) -> None:
        for kind, number in read.kinds.items():
            self.facts["kinds"][str(kind)] = self.facts["kinds"].get(str(kind), 0) + number
        for item in read.annotations:
            if item.kind is not Kind.POLYGON or ELLIPSE in item.attributes:
                continue
            if crosses_itself(item.geometry):
                problem = "a polygon crosses itself; it is taken as it is"
                fix = "draw it again where that is a slip"
                self.teller.notes.add(CROSSING, f"{where}:{item.locator}", problem, fix)

    def _said(self, statement: _Statement, read: Read, names: Names) -> dict[str, Any]:
        """Return what is kept of a statement besides its annotations."""
        said = annotation_said(statement.value)
        controls = names.unusual()
        if controls:
            said["controls"] = controls
        if read.others:
            said["result"] = read.others
        return said

    def _record(
        self, statement: _Statement, found: list[Annotation], said: dict[str, Any], size_wh: Size | None
    ) -> Record:
        task = self.task
        score: Any = statement.value.get("score")
        if statement.is_prediction and len(found) == 1 and found[0].confidence is None and _is_share(score):
            found = [replace(found[0], confidence=float(score))]
        # What this program has written holds both already, until Label Studio gives it numbers of its own.
        if not task.own or "id" in task.value:
            found = with_said(found, TASK_KEY, task_said(task.value, self.image))
        if not task.own or "id" in statement.value:
            found = with_said(found, ANNOTATION_KEY, said)
        return Record(
            image=self.image.name,
            locator=_joined(self.file.locator, statement.place),
            annotations=tuple(found),
            split=split_of(task.value["data"]),
            group=_text(task.own.get("group")),
            beside=self.file.beside,
            size_wh=size_wh,
            is_prediction=statement.is_prediction,
            author=None if statement.is_prediction else author_of(statement.value),
        )


def _is_share(value: Any) -> bool:  # noqa: ANN401 - JSON
    return type(value) in {int, float} and 0 <= value <= 1


def _joined(one: str, other: str) -> str:
    return f"{one}:{other}" if one and other else one or other


def _whole(document: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """Return a document whose texts are known to be whole.

    Raises: NotReadableError.
    """
    try:
        return json_files.parsed(json.dumps(document))
    except RecursionError as error:
        raise NotReadableError("bad_json", "brackets are nested too deep", "look at the file") from error


def _task_of(place: str, value: Any, columns: list[str]) -> _Task | str:  # noqa: ANN401 - JSON
    """Return the task that an entry is, in whichever of the forms; what is wrong with it where it is none."""
    if not isinstance(value, dict):
        return f"{shown(value)} is no task"
    if is_flat(value):
        made, results = unflattened(value, columns)
        statement = _Statement(place, made["annotations"][0], results, is_prediction=False)
        return _Task(place, made, [statement])
    task = value
    if isinstance(value.get("task"), dict) and "result" in value:
        # What Label Studio puts into a storage: an annotation that holds its task.
        annotation = {key: said for key, said in value.items() if key != "task"}
        task = {**value["task"], "annotations": [annotation], "predictions": []}
    if not isinstance(task.get("data"), dict):
        return "it has no data, so it is no task of Label Studio"
    return _with_statements(_Task(place, task, [], own_of(task)))


def _with_statements(task: _Task) -> _Task | str:
    before = f"{task.place}." if task.place else ""
    first = "annotations" if "annotations" in task.value else "completions"
    for key in (first, "predictions"):
        given = task.value.get(key)
        if given is None:
            continue
        if not isinstance(given, list):
            return f"its {key} are {shown(given)}, no list"
        for at, one in enumerate(given):
            results = one.get("result") if isinstance(one, dict) else None
            if not isinstance(results, list):
                return f"{key}[{at}] is {shown(one)}, without a list of results: export tasks in full"
            located = [(f"result[{number}]", result) for number, result in enumerate(results)]
            task.statements.append(_Statement(f"{before}{key}[{at}]", one, located, key == "predictions"))
    return task


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {key: said for key, said in value.items() if isinstance(said, str)}
