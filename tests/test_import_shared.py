"""Real label sources and hostile ones, each imported alone: what can be used is, the rest is refused."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from canonical import dump
from labelprep.errors import LabelprepError
from labelprep.manifest.store import open_store
from labelprep.workflows.import_report import ImportOptions
from labelprep.workflows.importing import import_labels
from pictures import tree
from running import rows, scan

if TYPE_CHECKING:
    from collections.abc import Callable

SHARED = Path(__file__).parents[1].parent / "shared"
LABELS = SHARED / "torture" / "labels"
EGGS = SHARED / "data" / "onehot_eggs"
LABELME = SHARED / "data" / "labelme"
SHEETS = SHARED / "data" / "sheets"
pytestmark = pytest.mark.skipif(not LABELS.is_dir(), reason="needs the shared data, which is not here")
OTHER_ROOT = frozenset({"csv/two_matches.csv", "csv/paths_foreign.csv", "csv/paths_traversal.csv"})
# What becomes of each file: rows, matched, unmatched, skipped, annotations, conflicts; or the error.
EXPECTED = """
csv/utf8.csv 3 3 0 0 3 0
csv/utf8_bom.csv 3 3 0 0 3 0
csv/excel_unicode_text.txt 3 3 0 0 3 0
csv/utf16be_nobom.csv 3 3 0 0 3 0
csv/gb18030.csv 3 3 0 0 3 0
csv/big5.csv UsageError
csv/latin1.csv UsageError
csv/mixed_encoding.csv SourceError
csv/nul_bytes.csv SourceError
csv/ctrl_z.csv 1 1 0 0 1 0
csv/tab.tsv 3 3 0 0 3 0
csv/pipe.csv 3 3 0 0 3 0
csv/tab_named.csv 3 3 0 0 3 0
csv/crlf.csv 3 3 0 0 3 0
csv/no_final_newline.csv 3 3 0 0 3 0
csv/semicolon_decimal_comma.csv 2 2 0 0 2 0
csv/unbalanced_quote.csv SourceError
csv/quote_mid.csv 2 2 0 0 2 0
csv/ragged_short.csv 2 1 0 1 1 0
csv/index_col_shift.csv 2 2 0 0 2 0
csv/blank_header.csv 1 1 0 0 1 0
csv/no_header.csv 2 2 0 0 2 0
csv/header_chinese.csv 1 1 0 0 1 0
csv/header_only.csv SourceError
csv/only_newlines.csv SourceError
csv/comment_lines.csv 1 1 0 0 1 0
csv/mangled_labels.csv 38 4 32 2 4 0
csv/leading_zero_ids.csv SourceError
csv/big_int_ids.csv SourceError
csv/sci_ids_excel.csv SourceError
csv/mixed_case_labels.csv 5 5 0 0 5 1
csv/conflict.csv 3 2 0 1 2 1
csv/onehot.csv 4 3 0 1 4 0
csv/blank_rows.csv 2 2 0 0 2 0
csv/swapped_cols.csv 1 1 0 0 1 0
csv/three_label_cols.csv UsageError
csv/many_classes.csv 3000 3 2997 0 3 0
csv/formula_cells.csv 6 6 0 0 6 2
csv/ansi_labels.csv 1 1 0 0 1 0
csv/path_labels.csv 6 6 0 0 6 2
csv/paths_traversal.csv SourceError
csv/two_matches.csv SourceError
csv/all_missing.csv SourceError
csv/nfd_names.csv SourceError
csv/xlsx_named.csv SourceError
csv/html_named.xls SourceError
xlsx/ok.xlsx 2 2 0 0 2 0
xlsx/numeric_labels.xlsx 4 4 0 0 4 0
xlsx/dates_bools.xlsx 5 4 1 0 4 0
xlsx/formulas_uncached.xlsx SourceError
xlsx/merged_cells.xlsx 4 2 0 2 2 0
xlsx/title_and_footer.xlsx 4 2 0 2 2 0
xlsx/hidden_rows.xlsx 3 3 0 0 3 0
xlsx/used_range_1M.xlsx 1 1 0 0 1 0
xlsx/truncated.xlsx SourceError
xlsx/password.xlsx SourceError
xlsx/billion_laughs.xlsx SourceError
xlsx/xxe.xlsx SourceError
xlsx/old.xls 2 2 0 0 2 0
xlsx/calc_repeated.ods 2 2 0 0 2 0
labelme/ok.json 1 1 0 0 1 0
labelme/image_embedded.json 1 1 0 0 1 0
labelme/image_only_embedded.json SourceError
labelme/image_b64_bad.json 1 1 0 0 1 0
labelme/path_backslash.json 1 1 0 0 1 0
labelme/path_abs_windows.json 1 1 0 0 1 0
labelme/path_missing.json SourceError
labelme/path_empty.json SourceError
labelme/size_null.json 1 1 0 0 1 0
labelme/size_swapped_exif.json 1 1 0 0 1 0
labelme/v2_no_shape_type.json 1 1 0 0 1 0
labelme/v6.json 1 1 0 0 1 0
labelme/flags_image.json 1 1 0 0 1 0
labelme/flags_two.json 1 1 0 0 2 0
labelme/shapes_null.json SourceError
labelme/shape_rectangle_2_0.json 1 1 0 0 1 0
labelme/shape_rectangle_4_2.json 1 1 0 0 1 0
labelme/shape_circle_2_0.json 1 1 0 0 1 0
labelme/shape_line_2_0.json 1 1 0 0 1 0
labelme/shape_point_1_0.json 1 1 0 0 1 0
labelme/shape_points_2_0.json 1 1 0 0 1 0
labelme/shape_oriented_rectangle_4_0.json 1 1 0 0 1 0
labelme/shape_polygon_0_1.json SourceError
labelme/shape_polygon_4_2.json 1 1 0 0 1 0
labelme/shape_polygon_3_4.json SourceError
labelme/shape_banana_2_0.json 1 1 0 0 1 0
labelme/mask_size_mismatch.json SourceError
labelme/mask_bomb.json SourceError
labelme/nan_coords.json SourceError
labelme/str_coords.json SourceError
labelme/huge_int.json SourceError
labelme/label_int.json 1 1 0 0 1 0
labelme/label_empty.json SourceError
labelme/label_list.json SourceError
labelme/label_xss.json 1 1 0 0 1 0
labelme/group_id.json 1 1 0 0 2 0
labelme/extra_keys.json 1 1 0 0 1 0
labelme/gbk.json SourceError
labelme/utf16.json 1 1 0 0 1 0
labelme/bad_utf8.json SourceError
labelme/zero.json SourceError
labelme/dup_keys.json SourceError
labelme/single_quotes.json SourceError
labelme/ndjson.json SourceError
labelme/array_root.json SourceError
labelme/coco_among.json SourceError
labelme/two_jsons_same_image_a.json 1 1 0 0 1 0
labelme/two_jsons_same_image_b.json 1 1 0 0 1 0
"""
CASES = {line.split()[0]: line.split()[1:] for line in EXPECTED.strip().splitlines()}


@pytest.fixture(scope="module")
def manifests(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return what gives a file its own copy of the manifest of its images."""
    place = tmp_path_factory.mktemp("torture")
    made: dict[Path, Path] = {}

    def copy(file: str) -> Path:
        folder = "labelme" if file.startswith("labelme") else "." if file in OTHER_ROOT else "img"
        root = LABELS / folder
        if root not in made:
            made[root] = scan(root, place / f"{folder.strip('.')}root.db", labels="none").manifest
        own = place / f"{file.replace('/', '_')}.db"
        shutil.copy(made[root], own)
        return own

    return copy


def outcome(manifest: Path, source: Path) -> tuple[list[str], LabelprepError | None]:
    """Import a source; return its numbers, or the name of the error and the error."""
    with open_store(manifest) as store:
        try:
            report = import_labels(store, source)
        except LabelprepError as error:
            return [type(error).__name__], error
    skipped = sum(report.skipped.values())
    numbers = (report.rows, report.matched, report.unmatched, skipped, report.annotations, report.conflicts)
    assert report.rows == report.matched + report.unmatched + skipped
    return [str(number) for number in numbers], None


@pytest.mark.parametrize("file", CASES)
def test_a_hostile_source_is_taken_or_refused_as_expected(
    manifests: Callable[[str], Path], file: str
) -> None:
    manifest = manifests(file)
    before = dump(manifest)

    found, error = outcome(manifest, LABELS / file)

    assert error is None or (Path(file).name in f"{error.where} {error.problem}" and error.fix)
    assert error is None or dump(manifest) == before
    assert found == CASES[file]
    assert not list(Path("/tmp").glob("pwned*"))  # noqa: S108 - the canaries of the hostile files


def test_every_hostile_source_has_its_expectation() -> None:
    files = {
        path.relative_to(LABELS).as_posix()
        for kind in ("csv", "xlsx", "labelme")
        for path in (LABELS / kind).iterdir()
    }

    listed = {line.split(",")[0] for line in (LABELS.parent / "labels.csv").read_text("utf-8").splitlines()}

    assert {file for file in listed & files if file.split("/")[0] in {"csv", "xlsx", "labelme"}} == set(CASES)


def test_three_one_hot_sheets_label_662_images(work: Path) -> None:
    scan(EGGS, work / "manifest.db", labels="none")
    expected: Counter[str] = Counter()
    with open_store(work / "manifest.db") as store:
        for split in ("train", "valid", "test"):
            report = import_labels(store, EGGS / split / "_classes.csv")
            header, *lines = (EGGS / split / "_classes.csv").read_text("utf-8").splitlines()
            names = [name.strip() for name in header.split(",")]
            expected.update(names[line.split(",").index(" 1")] for line in lines)
            assert (report.rows, report.matched, report.unmatched, report.skipped) == (
                len(lines),
                len(lines),
                0,
                {},
            )

        assert dict(rows(store, "SELECT label, count(*) FROM image GROUP BY 1")) == expected
        assert sum(expected.values()) == 662


@pytest.mark.parametrize("name", ["examples", "chinese_paths"])
def test_shapes_of_real_label_files_are_those_that_json_counts(work: Path, name: str) -> None:
    scan(LABELME / name, work / "manifest.db", labels="none")
    counted: Counter[str] = Counter()
    others = 0
    for file in sorted((LABELME / name).rglob("*.json")):
        document = json.loads(file.read_bytes())
        is_labelme = isinstance(document, dict) and "shapes" in document
        others += not is_labelme
        counted.update(shape["label"] for shape in (document["shapes"] if is_labelme else ()))

    with open_store(work / "manifest.db") as store:
        report = import_labels(store, LABELME / name)
        stored = rows(
            store,
            "SELECT name, count(*) FROM annotation JOIN class ON class.id = class_id "
            "WHERE kind <> 'class' GROUP BY 1",
        )

    assert (dict(stored), report.unmatched) == (counted, 0)
    assert sum(report.skipped.values()) == others
    assert sum(issue.code == "LP271" for issue in report.issues) == others


@pytest.mark.parametrize(
    "file", ["formulas_no_images.xlsx", "transposed_with_formulas.xlsx", "gbk/训练集1.csv", "gbk/训练集2.csv"]
)
def test_real_sheets_of_other_things_are_refused_with_the_reason(work: Path, file: str) -> None:
    scan(EGGS / "test", work / "manifest.db", labels="none")
    with open_store(work / "manifest.db") as store, pytest.raises(LabelprepError) as caught:
        import_labels(store, SHEETS / file, ImportOptions())

    assert any(
        reason in caught.value.problem
        for reason in (
            "not one of 500 rows names an image",
            "stand across this row",
            "no column names images",
        )
    )


@pytest.mark.parametrize("file", ["训练集1.csv", "训练集2.csv"])
def test_real_sheets_in_gbk_label_the_images_that_plain_csv_counts(work: Path, file: str) -> None:
    with (SHEETS / "gbk" / file).open(encoding="gb18030", newline="") as opened:
        header, *lines = csv.reader(opened)
    tree(work / "photos", [f"{line[0]}.png" for line in lines])
    scan(work / "photos", work / "manifest.db", labels="none")

    with open_store(work / "manifest.db") as store:
        report = import_labels(
            store, SHEETS / "gbk" / file, ImportOptions(file_column=header[0], label_columns=(header[-1],))
        )

        counted = Counter(line[-1] for line in lines)
        assert dict(rows(store, "SELECT label, count(*) FROM image GROUP BY 1")) == counted
    assert counted.total() == len(lines) == {"训练集1.csv": 300, "训练集2.csv": 290}[file]
    assert (report.rows, report.matched, report.skipped) == (len(lines), len(lines), {})
    assert header[-1].startswith("是否为机器人")
    assert report.encoding == "gb18030"
