"""Label Studio's JSON: tasks with their annotations and predictions, read and written.

::

    export.json
        [{"id": 87, "data": {"image": "/data/upload/29/1a2b3c4d-a.png"},
          "annotations": [{"id": 22, "completed_by": 1, "was_cancelled": false, "result": [{…}, {…}]}],
          "predictions": [{"model_version": "m1", "score": 0.7, "result": [{…}]}]}]

See `label_studio_shapes` for the results and `label_studio_tasks` for what else a task says; JSON-MIN, files
of one task, and the annotations that Label Studio puts into a storage are read too. Each annotation is a
statement of its own, and so is each prediction: what a model says. A task without either says nothing; an
annotation without results says that nothing is there; one that was skipped (``was_cancelled``) nothing.

An export names images as ``/data/local-files/?d=cat/a.png``, below the folder that Label Studio is told of
(``LOCAL_FILES_DOCUMENT_ROOT``), or as the tasks they came from did. Text is written in ASCII.

Source: labelstud.io, "Export annotations", "Import pre-annotated data", "Local storage".
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from labelprep.errors import SourceError
from labelprep.formats import json_files
from labelprep.formats.base import Keeps, ReadContext, Reading, Sniffed, Written, not_kept
from labelprep.formats.label_files import label_files, sniffed, walk
from labelprep.formats.label_studio_forms import is_lost
from labelprep.formats.label_studio_reading import NOT_READ, Pass
from labelprep.formats.label_studio_writing import Controls, task_of

if TYPE_CHECKING:
    from collections import Counter

    from labelprep.formats.base import Export, Outgoing

SUFFIX: Final = ".json"
HEAD_BYTES: Final = 64 << 10
LEAST_SIGNS: Final = 2

_SIGNS: Final = (
    b'"from_name"', b'"to_name"', b'"original_width"', b'"completed_by"', b'"was_cancelled"', b'"lead_time"',
    b'"annotation_id"', b'"annotator"', b'"predictions"', b'"data"', b'"/data/upload/', b'"model_version"',
    b'"result"', b"/data/local-files/",
)  # fmt: skip
_OF_OTHERS: Final = (b'"shapes"', b'"image_id"', b'"category_id"')


class LabelStudio:
    """Read and write the JSON of Label Studio."""

    name: ClassVar[str] = "label-studio"
    suffix: ClassVar[str] = SUFFIX
    keeps: ClassVar[frozenset[Keeps]] = frozenset(Keeps)

    def sniff(self, source: Path) -> Sniffed:
        """Look for Label Studio's keys in a file, or in the first few JSON files of a folder."""
        return sniffed(source, SUFFIX, ("Label Studio", "keys"), _has_signs, 0.97)

    def read(self, source: Path, context: ReadContext) -> Reading:
        """Open a JSON file, or a folder of them: one item an annotation or prediction, in their order.

        ``facts`` fill while the items are read: the number of files, tasks, annotations and predictions,
        shapes by kind, how often each encoding was met.

        Raises: SourceError where there is no such file or no JSON file in the folder; UsageError for an
        encoding that is not known.
        """
        encoding = json_files.check_encoding(context.options.get("encoding"))
        is_there = source.is_file() or next(walk(str(source), SUFFIX), None) is not None
        if not is_there:
            problem = "no .json file is in this folder" if source.is_dir() else "there is no such file"
            raise SourceError(problem, where=str(source), fix="give a .json file, or a folder with some")
        counts = dict.fromkeys(("files", "tasks", "annotations", "predictions"), 0)
        reading = Reading({"encoding": encoding, **counts, "encodings": {}, "kinds": {}}, iter(()))
        files = label_files(source.resolve(), context.root.resolve(), SUFFIX, NOT_READ, reading.issues)
        reading.items = Pass(context, encoding, reading).items(files)
        return reading

    def write(self, export: Export, target: Path) -> Written:
        """Write one file of tasks, one an image; images without a label are tasks without annotations."""
        controls = Controls()
        for item in export.items():
            controls.look(item)
        images = annotations = 0
        with target.open("w", encoding="ascii", newline="\n") as file:
            file.write("[")
            for number, item in enumerate(export.items()):
                task, written = task_of(item, controls)
                file.write((",\n" if number else "\n") + json.dumps(task))
                images += item.is_stated
                annotations += written
            file.write("\n]\n")
        return Written(images, annotations, 1)

    def lost(self, outgoing: Outgoing) -> Counter[str]:
        """Count what Label Studio's JSON cannot hold of one image."""
        record = outgoing.record
        lost = not_kept(record, self.keeps)
        for item in record.annotations:
            kind = is_lost(item, record.size_wh)
            lost.update([kind] if kind else [])
        return lost


def _has_signs(path: str) -> bool:
    """Tell whether the beginning of a file, in any encoding, has keys of Label Studio."""
    try:
        with Path(path).open("rb") as file:
            seen = file.read(HEAD_BYTES).replace(b"\x00", b"")
    except OSError:
        return False
    found = sum(sign in seen for sign in _SIGNS)
    return found >= LEAST_SIGNS and found > sum(sign in seen for sign in _OF_OTHERS)
