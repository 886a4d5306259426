"""Readers and writers of label sources, one module a format."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from labelprep.formats.base import Reader, Writer

# A line a format: its name on the command line, and where its reader is; a module loads when it is tried.
READERS = {
    "labelme": "labelprep.formats.labelme:LabelMe",
    "voc": "labelprep.formats.voc:Voc",
    "yolo": "labelprep.formats.yolo:Yolo",
    "coco": "labelprep.formats.coco:Coco",
    "label-studio": "labelprep.formats.label_studio:LabelStudio",
    "huggingface": "labelprep.formats.huggingface:HuggingFace",
    "table": "labelprep.formats.tables:Tables",
    "folders": "labelprep.formats.class_folders:ClassFolders",
}


WRITERS = {
    "labelme": "labelprep.formats.labelme:LabelMe",
    "voc": "labelprep.formats.voc:Voc",
    "yolo": "labelprep.formats.yolo:Yolo",
    "coco": "labelprep.formats.coco:Coco",
    "label-studio": "labelprep.formats.label_studio:LabelStudio",
    "folders": "labelprep.formats.class_folders:ClassFolders",
    "crops": "labelprep.formats.crops:Crops",
    "huggingface": "labelprep.formats.huggingface:HuggingFace",
    "jsonl": "labelprep.formats.label_tables:JsonLines",
    "parquet": "labelprep.formats.label_tables:Parquet",
}

READ_BY = {"jsonl": "table", "parquet": "table"}
"""The reader of what a writer of another name has written."""


def writer(name: str) -> Writer:
    """Return the writer of a format, given its name in ``WRITERS``."""
    module, _, kind = WRITERS[name].partition(":")
    return cast("Writer", getattr(import_module(module), kind)())


def reader(name: str) -> Reader:
    """Return the reader of a format, given its name in ``READERS``."""
    module, _, kind = READERS[name].partition(":")
    return cast("Reader", getattr(import_module(module), kind)())
