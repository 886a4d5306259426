r"""Patterns that say where a file name states a class, a split or a group.

::

    {label}.{id}              cat.0.jpg                  {split}/{label}/{id}    train/cat/1.jpg
    {id}_{label}.{ext}        001_dog.png                re:^(?P<label>\D+)\d+   猫01.jpg

Without ``{ext}`` a pattern meets the path less its extension; without ``/`` the base name at any depth, with
``/`` the whole path below the root. A field holds something and never crosses ``/``; the first ones take as
little as they can, the last takes the rest. ``{{`` and ``}}`` are braces. A regular expression is searched
for, with the same names for its groups; the extension counts where it is named (``\.jpg``, a group ``ext``).
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from difflib import get_close_matches

from labelprep.errors import UsageError, shown
from labelprep.formats.expressions import longest_characters, why_endless
from labelprep.matching.rules import stem_of
from labelprep.pixels.sniffing import IMAGE_EXTENSIONS

WHERE = "--pattern"
EXPRESSION = "re:"
STATED = ("label", "split", "group")
FIELDS = (*STATED, "id", "ext")
OWN_FIELD = re.compile(r"x_[A-Za-z0-9_]+")
TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|([{}])|[^{}]+")
FIELDS_FIX = "use {label}, {split}, {group}, {id}, {ext} and {x_NAME} of your own; {{ and }} are braces"
# MSYS, under Git Bash, takes an argument that begins with / for a path and puts its own root before it.
WINDOWS_PATH = re.compile(r"(?:re[:;])?[A-Za-z]:[\\/]")
SHELL_ROOT = re.compile(
    r".*?[\\/](?:Git|msys(?:32|64)?|cygwin(?:64)?)(?:[\\/](?:usr|mingw(?:32|64)))?[\\/]", re.IGNORECASE
)
ENDINGS = "|".join(
    sorted((extension[1:] for extension in IMAGE_EXTENSIONS), key=lambda text: (-len(text), text))
)
ENDS_IN_EXTENSION = re.compile(rf"\.(?:{ENDINGS})$", re.IGNORECASE)
NAMES_EXTENSION = re.compile(
    rf"(?:\\\.|\[\.\])\(?(?:\?:)?\[?(?:{ENDINGS}|jpe\?g|tiff\?)(?![A-Za-z])", re.IGNORECASE
)
BRACKETED = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that can be read from paths: which part of a path it meets, and how.

    ``longest_characters`` is the longest text a regular expression is tried on; a template has no limit.
    """

    text: str
    expression: re.Pattern[str]
    whole_path: bool
    with_extension: bool
    longest_characters: int | None = None

    def read(self, path: str) -> dict[str, str] | None:
        """Return the fields that a path (relative, POSIX) states, or None where it does not match."""
        folder, slash, name = path.rpartition("/")
        if not self.with_extension:
            name = stem_of(name)
        text = f"{folder}{slash}{name}" if self.whole_path else name
        if self.longest_characters is None:
            found = self.expression.fullmatch(text)
        elif len(text) > self.longest_characters:
            return None
        else:
            begins_with_slash = self.expression.pattern.startswith("/")
            found = self.expression.search(f"/{text}" if begins_with_slash else text)
        if found is None:
            return None
        fields = {name: value for name, value in found.groupdict().items() if value is not None}
        if any("/" in value or not value.strip() for value in fields.values()):
            return None
        return fields if any(name in fields for name in STATED) else None


def compile_pattern(text: str) -> Pattern:
    """Return a pattern that a person has typed.

    Raises: UsageError where it is no pattern, names nothing to read, or was rewritten by the shell.
    """
    is_expression = text.startswith(("re:", "re;"))
    root = SHELL_ROOT.match(text)
    # In a regular expression `a:\d` is no drive.
    if WINDOWS_PATH.match(text) and (root or not is_expression):
        raise _rewritten(text, None if root is None else "re:…" if is_expression else text[root.end() :])
    if text.startswith(EXPRESSION):
        return _expression(text)
    return _template(text)


def _rewritten(text: str, typed: str | None) -> UsageError:
    if typed is None:
        return _wrong(f"{shown(text)} begins at a drive", "write it relative to the folder of the images")
    return _wrong(
        f"{shown(text)} is what Git Bash makes of a pattern with a leading /",
        f"leave the slash out ({typed.replace(chr(92), '/')}), or set MSYS_NO_PATHCONV=1",
    )


def _template(text: str) -> Pattern:
    # On Windows paths are typed with backslashes.
    typed = text.replace("\\", "/").removeprefix("./")
    if typed.startswith("/"):
        raise _wrong(
            f"{shown(text)} begins with /", "leave it out: paths are relative to the folder of the images"
        )
    tokens = _tokens(typed)
    names = [name for name, _ in tokens if name]
    _check_names(text, names)
    pieces = _pieces(tokens)
    extension = "ext" in names or (not tokens[-1][0] and ENDS_IN_EXTENSION.search(tokens[-1][1]) is not None)
    return Pattern(text, re.compile("".join(pieces)), "/" in typed, extension)


def _tokens(text: str) -> list[tuple[str, str]]:
    """Return fields as (name, "") and runs of other characters as ("", characters)."""
    tokens: list[tuple[str, str]] = []
    for token in TOKEN.finditer(text):
        if token[2]:
            raise _wrong(f"{shown(text)} has a brace without its other half", FIELDS_FIX)
        literal = "" if token[1] is not None else token[0].replace("{{", "{").replace("}}", "}")
        if literal and tokens and not tokens[-1][0]:
            tokens[-1] = ("", tokens[-1][1] + literal)
        elif token[1] is None:
            tokens.append(("", literal))
        elif token[1]:
            tokens.append((token[1], ""))
        else:
            raise _wrong(f"{shown(text)} has a field without a name", FIELDS_FIX)
    return tokens


def _pieces(tokens: list[tuple[str, str]]) -> list[str]:
    """Return the expression of each token.

    A field takes as little as it can up to the first place where what follows it stands: that is final, since
    a longer one leaves less for the others. So no name takes long, however many fields there are.
    """
    at_end = len(tokens) > 1 and tokens[-1][0] == "ext"
    places = [place for place, (name, _) in enumerate(tokens) if name]
    last = places[-2] if at_end and len(places) > 1 else places[-1]
    repeated = len({tokens[place][0] for place in places}) < len(places)
    pieces: list[str] = []
    seen: set[str] = set()
    place = 0
    while place < len(tokens):
        name, literal = tokens[place]
        place += 1
        if not name:
            pieces.append(re.escape(literal))
        elif name in seen:
            pieces.append(f"(?P={name})")
        elif at_end and place == len(tokens):
            pieces.append(f"(?P<{name}>[^/.]+)")
        elif place - 1 == last:
            pieces.append(f"(?P<{name}>[^/]+)")
        elif place < len(tokens) and not tokens[place][0] and not repeated:
            pieces.append(f"(?>(?P<{name}>[^/]+?){re.escape(tokens[place][1])})")
            place += 1
        else:
            pieces.append(f"(?P<{name}>[^/]+?)")
        seen.add(name)
    return pieces


def _expression(text: str) -> Pattern:
    typed = text.removeprefix(EXPRESSION)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            compiled = re.compile(typed)
            endless = why_endless(typed)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        fix = "write (?P<label>…)" if re.search(r"\(\?<[a-z]", typed) else "correct it"
        raise _wrong(f"{shown(typed)} is no regular expression: {error}", fix) from None
    if endless:
        raise _wrong(f"{shown(typed)} is not taken: {endless}", "write [^_]+ or \\d+ where .* stands now")
    if compiled.groups and not compiled.groupindex:
        raise _wrong(
            f"{shown(typed)} has groups without names", "write (?P<label>…) for the group of the class"
        )
    _check_names(text, list(compiled.groupindex))
    extension = "ext" in compiled.groupindex or NAMES_EXTENSION.search(typed) is not None
    whole_path = "/" in BRACKETED.sub("", typed)
    return Pattern(text, compiled, whole_path, extension, longest_characters(typed))


def _check_names(text: str, names: list[str]) -> None:
    for name in names:
        if name not in FIELDS and not OWN_FIELD.fullmatch(name):
            close = get_close_matches(name.strip().casefold(), FIELDS, n=1)
            fix = f"did you mean {{{close[0]}}}? {FIELDS_FIX}" if close else FIELDS_FIX
            raise _wrong(f"{shown(text)} has an unknown field {shown(name)}", fix)
    if not any(name in STATED for name in names):
        raise _wrong(
            f"{shown(text)} has none of the fields that say something",
            "put {label}, {split} or {group} where the names state it; `--pattern suggest` proposes patterns",
        )


def _wrong(problem: str, fix: str) -> UsageError:
    return UsageError(problem, where=WHERE, fix=fix)
