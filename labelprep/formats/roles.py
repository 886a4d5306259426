"""Which column of a table is what: found by its name, else by what stands in it, and always told."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from labelprep.errors import SourceError, UsageError, shown
from labelprep.formats.dialects import has_image_ending
from labelprep.formats.grids import Row, column_of
from labelprep.formats.header_rows import CONTENT_COLUMNS, Header, HeaderFinder, column_name
from labelprep.formats.headers import (
    is_other,
    label_strength,
    names_file,
    names_id,
    plain,
    role_of,
    words_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


CONTENT_ROWS = 200
MOST = 0.5
NEARLY_ALL = 0.9
EXAMPLES = 3
LISTED_COLUMNS = 12
TRUTHS = {"0": False, "1": True, "0.0": False, "1.0": True, "true": True, "false": False, "TRUE": True,
          "FALSE": False, "True": True, "False": False}  # fmt: skip
LESSER_ROLES = ("split", "group", "weight", "sha256")


@dataclass(frozen=True, slots=True)
class Roles:
    """What each column is, by its number from 0, and how that was found (``how``: role to words)."""

    header: Header
    file: int
    labels: tuple[int, ...] = ()
    one_hot: bool = False
    lesser: dict[str, int] = field(default_factory=dict)
    how: dict[str, str] = field(default_factory=dict)

    def as_facts(self) -> list[dict[str, Any]]:
        """Return the roles as they are told: one entry a role and column."""
        columns = [("file", self.file)]
        columns += [("one-hot label" if self.one_hot else "label", column) for column in self.labels]
        columns += [(role, column) for role, column in self.lesser.items()]
        return [
            {
                "role": role,
                "column": column_name(self.header, column),
                "number": column + 1,
                "how": self.how.get(role.removeprefix("one-hot "), ""),
            }
            for role, column in columns
        ]


class Finder(HeaderFinder):
    """Finds the roles of the columns from the first rows of a table."""

    def has_file_column(self) -> bool:
        """Say whether a sheet has a column that names images, by its name or by what stands in it."""
        try:
            header = self.header()
        except (SourceError, UsageError):
            return False
        if self._options.get("file_column"):
            return resolved(str(self._options["file_column"]), header, self._width(header)) is not None
        return self._file_column(header, self._body(header)) is not None

    def roles(self) -> Roles:
        """Return what each column is.

        Raises: UsageError where an option must tell.
        """
        header = self.header()
        body = self._body(header)
        how: dict[str, str] = {}
        lesser = self._lesser(header, how)
        file = self._given("file_column", header)
        if file is not None:
            how["file"] = "as asked"
        else:
            found = self._file_column(header, body, frozenset(lesser.values()))
            if found is None and "sha256" in lesser:
                found = lesser["sha256"], "by its name: the content tells the image"
            if found is None:
                raise self._no_file_column(header, body)
            file, how["file"] = found
        lesser = {role: column for role, column in lesser.items() if column != file or role == "sha256"}
        labels, one_hot = self._labels(header, body, file, lesser, how)
        return Roles(header, file, labels, one_hot, lesser, how)

    def _body(self, header: Header) -> list[Row]:
        return [row for row in self._sample if row.number >= header.first]

    def _width(self, header: Header) -> int:
        return max([len(header.names), *(len(row.cells) for row in self._sample)], default=0)

    def _given(self, option: str, header: Header) -> int | None:
        name = self._options.get(option)
        return None if name in {None, ""} else self._must_resolve(str(name), option, header)

    def _must_resolve(self, name: str, option: str, header: Header) -> int:
        width = self._width(header)
        column = resolved(name, header, width)
        if column is None:
            flag = "--" + option.replace("_", "-").removesuffix("s")
            names = [shown(column_name(header, place)) for place in range(min(width, LISTED_COLUMNS))]
            raise UsageError(
                f"there is no one column {shown(name)} in {self._place.source}",
                where=flag,
                fix=f"the columns are {', '.join(names)}; name one, or give its number from 1",
            )
        return column

    def _lesser(self, header: Header, how: dict[str, str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for role in LESSER_ROLES:
            given = self._given(f"{role}_column", header) if role in {"split", "group"} else None
            if given is not None:
                found[role], how[role] = given, "as asked"
                continue
            columns = [place for place, name in enumerate(header.names) if role_of(name) == role]
            if len(columns) == 1:
                found[role], how[role] = columns[0], "by its name"
        return found

    def _file_column(
        self, header: Header, body: Sequence[Row], taken: frozenset[int] = frozenset()
    ) -> tuple[int, str] | None:
        """Return the column that names images, and how it was found."""
        width = min(self._width(header), CONTENT_COLUMNS)
        # Asked for only where needed: to say that a text names no image takes an index of all images.
        share = cache(partial(self._share, body))

        def fitting(least: float) -> list[int]:
            return [column for column in range(width) if column not in taken and share(column) >= least]

        named = [column for column, name in enumerate(header.names[:CONTENT_COLUMNS]) if names_file(name)]
        ids = [column for column, name in enumerate(header.names[:CONTENT_COLUMNS]) if names_id(name)]
        for candidates in (named, ids):
            if candidates:
                best = max(candidates, key=lambda column: (share(column), -column))
                if share(best) == 0 and len(fitting(NEARLY_ALL)) == 1:
                    break
                return best, "by its name"
        by_content = fitting(MOST)
        if not by_content:
            return None
        endings = [self._share(body, column, has_image_ending) for column in by_content]
        best = max(
            range(len(by_content)), key=lambda place: (endings[place], share(by_content[place]), -place)
        )
        return by_content[best], "its cells name images"

    def _share(self, body: Sequence[Row], column: int, test: Callable[[str], bool] | None = None) -> float:
        """Return which share of the filled cells of a column names images."""
        cells = filled_cells(body[:CONTENT_ROWS], column)
        return sum(map(test or self.names_image, cells)) / len(cells) if cells else 0.0

    def _no_file_column(self, header: Header, body: Sequence[Row]) -> SourceError | UsageError:
        width = min(self._width(header), LISTED_COLUMNS)
        columns = "; ".join(described(header, body, column) for column in range(width))
        if not body and not header.names:
            return SourceError("it holds no rows", where=self._place.source, fix="save the table again")
        return UsageError(
            f"no column names images of this manifest (columns: {columns})",
            where=self._place.source,
            fix="if one does, name it with --file-column; if the images are others, scan their folder first",
        )

    def _labels(
        self, header: Header, body: Sequence[Row], file: int, lesser: dict[str, int], how: dict[str, str]
    ) -> tuple[tuple[int, ...], bool]:
        """Return the columns that state classes, and whether they are one-hot."""
        names = [str(name) for name in self._options.get("label_columns") or ()]
        if names:
            how["label"] = "as asked"
            columns = tuple(
                dict.fromkeys(self._must_resolve(name, "label_columns", header) for name in names)
            )
            # Columns called labels hold classes, even where those are 0 and 1.
            called = any(label_strength(_name(header, column)) for column in columns)
            truths = all(is_truth(body, column) for column in columns)
            return columns, len(columns) > 1 and truths and not called
        taken = {file, *lesser.values()}
        free = [column for column in range(self._width(header)) if column not in taken]
        by_name = self._by_name(header, free)
        if len(by_name) == 1:
            how["label"] = "by its name"
            return tuple(by_name), False
        if by_name:
            raise self._which_label(header, body, by_name)
        candidates = self._by_content(header, body, free)
        if len(candidates) > 1 and header.names and all(is_truth(body, column) for column in candidates):
            named = tuple(column for column in candidates if _name(header, column).strip())
            if len(named) > 1:
                how["label"] = "0 and 1 in each"
                return named, True
        if len(candidates) == 1:
            how["label"] = "the only other column"
            return tuple(candidates), False
        if candidates:
            raise self._which_label(header, body, candidates)
        if "split" in lesser or "group" in lesser:
            return (), False
        raise UsageError(
            f"no column besides {shown(column_name(header, file))} states a class",
            where=self._place.source,
            fix="name it with --label-column",
        )

    def _by_content(self, header: Header, body: Sequence[Row], free: Sequence[int]) -> list[int]:
        """Return the columns that may state classes: no paths, and nothing whose name says otherwise."""
        filled = [column for column in free if any(filled_cells(body, column)) or not body]
        columns = [column for column in filled if self._share(body, column, has_image_ending) < MOST]
        if not header.names:
            return columns
        columns = [column for column in columns if not is_other(_name(header, column))]
        return [column for column in columns if "id" not in words_of(_name(header, column))] or columns

    @staticmethod
    def _by_name(header: Header, free: Sequence[int]) -> list[int]:
        """Return the columns whose names mean classes most clearly."""
        strengths = {column: label_strength(_name(header, column)) for column in free}
        best = max(strengths.values(), default=0)
        return [column for column in free if strengths[column] == best] if best else []

    def _which_label(self, header: Header, body: Sequence[Row], columns: Sequence[int]) -> UsageError:
        listed = "; ".join(described(header, body, column) for column in columns[:LISTED_COLUMNS])
        more = f"; and {len(columns) - LISTED_COLUMNS} more" if len(columns) > LISTED_COLUMNS else ""
        first = _name(header, columns[0]).strip() or str(columns[0] + 1)
        return UsageError(
            f"several columns may hold the labels: {listed}{more}",
            where=self._place.source,
            fix=f'choose with --label-column "{first}", once for each that states a class',
        )


def resolved(name: str, header: Header, width: int) -> int | None:
    """Return the column that a person names: by its header, its number from 1, or its letter."""
    exact = [column for column, cell in enumerate(header.names) if cell == name]
    alike = [column for column, cell in enumerate(header.names) if plain(cell) == plain(name)]
    if exact or alike:
        found = exact or alike
        return found[0] if len(found) == 1 else None
    if name.isdecimal() and 0 < int(name[:9]) <= width:
        return int(name) - 1
    letter = column_of(name)
    return letter if letter is not None and letter < width else None


def is_truth(body: Sequence[Row], column: int) -> bool:
    """Say whether a column holds 0 and 1, or true and false, and nothing else."""
    cells = {cell.strip() for cell in filled_cells(body, column)}
    return bool(cells) and cells <= TRUTHS.keys()


def filled_cells(body: Sequence[Row], column: int) -> list[str]:
    """Return the cells of a column that are not blank."""
    return [row.cells[column] for row in body if column < len(row.cells) and row.cells[column].strip()]


def described(header: Header, body: Sequence[Row], column: int) -> str:
    """Return a column's name with examples of what stands in it."""
    examples = list(dict.fromkeys(filled_cells(body, column)))[:EXAMPLES]
    return f"{shown(column_name(header, column))} ({', '.join(map(shown, examples)) or 'blank'})"


def _name(header: Header, column: int) -> str:
    return header.names[column] if column < len(header.names) else ""
