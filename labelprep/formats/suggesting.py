"""Patterns that the names of images follow, found in the names.

Forms that people use are tried on what is left behind a beginning that most names share (``IMG_``)::

    cat.0    cat_01    cat-2024-05-06-001    cat (3)    001_dog    001_dog_2    train_cat_01    猫01
    golden_retriever_7

A form is proposed where it reads a few classes with several images each. What is a class cannot be proved
from names: proposals are shown with their counts, and a person chooses.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from labelprep.formats.patterns import compile_pattern
from labelprep.matching.rules import stem_of
from labelprep.model.classes import natural_key
from labelprep.model.images import SPLIT_NAMES
from labelprep.model.namings import CAMERA, DATE, GENERIC

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from labelprep.formats.patterns import Pattern

MOST_SUGGESTIONS = 5
EXAMPLES = 3
SAMPLE_NAMES = 2000
SEPARATORS = "_-. "
LEAST_SHARE = 0.2
LEAST_PER_CLASS = 2
MOST_SINGLE_SHARE = 0.34
LEAST_WORD_SHARE = 0.7
SHARED_START_SHARE = 0.6
START = re.compile(r"[^\W\d_]+[_\-. ]+")
# What cameras, phones and programs put before a number: no class.
MACHINE_WORDS = frozenset(
    {
        "dsc", "dscn", "dscf", "pxl", "mvimg", "vid", "video", "frame", "scan", "screenshot", "snapshot",
        "wx", "wechat", "mmexport", "whatsapp", "gopr", "dji", "p", "sam", "cimg", "file", "untitled",
        "output", "wp", "burst", "pano", "微信图片", "截图", "屏幕截图", "扫描", "未标题",
    }
)  # fmt: skip
WORD_AT_START = re.compile(r"[^_\-. ]*[_\-. ]+")
WORD_AT_END = re.compile(r"[_\-. ]+[^_\-. ]*$")
NUMBERLIKE = re.compile(r"[\W_]*\d[\d\W_]*")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A pattern with what it reads from all names: images by class, and a few (path, class) as examples.

    Where the pattern states splits alone, ``classes`` counts those.
    """

    pattern: str
    matched: int
    unmatched: int
    classes: dict[str, int]
    examples: tuple[tuple[str, str], ...]


class Scored(NamedTuple):
    """A form and how well it explains the sample: higher is better."""

    score: float
    order: int
    pattern: Pattern


def suggest(paths: Iterable[str]) -> list[Suggestion]:
    """Return the patterns that names follow, the most plausible first; none where names tell nothing."""
    ordered = sorted(paths)
    step = max(1, len(ordered) // SAMPLE_NAMES)
    sample = ordered[::step]
    scored: list[Scored] = []
    for order, text in enumerate(dict.fromkeys(_forms(sample))):
        pattern = compile_pattern(text)
        score = _score(pattern, sample)
        if score:
            scored.append(Scored(score, order, pattern))
    scored.sort(key=lambda one: (-one.score, one.order))
    return list(islice(_told(scored, sample, ordered), MOST_SUGGESTIONS))


def _told(scored: Sequence[Scored], sample: Sequence[str], ordered: Sequence[str]) -> Iterator[Suggestion]:
    """Yield what each form reads from all names, but not what a better one reads just so."""
    seen: set[tuple[str | None, ...]] = set()
    for one in scored:
        reads = tuple(_stated(one.pattern, path) for path in sample)
        if reads not in seen:
            seen.add(reads)
            yield _suggestion(one.pattern, ordered)


def _suggestion(pattern: Pattern, ordered: Sequence[str]) -> Suggestion:
    counts: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for path in ordered:
        value = _stated(pattern, path)
        if value is not None:
            counts[value] += 1
            examples.setdefault(value, path)
    classes = {name: counts[name] for name in sorted(counts, key=natural_key)}
    shown = tuple((examples[name], name) for name in islice(classes, EXAMPLES))
    matched = counts.total()
    return Suggestion(pattern.text, matched, len(ordered) - matched, classes, shown)


def _stated(pattern: Pattern, path: str) -> str | None:
    fields = pattern.read(path)
    return None if fields is None else fields.get("label", fields.get("split"))


def _forms(sample: Sequence[str]) -> Iterator[str]:
    """Yield the patterns to try, simple ones first."""
    stems = [stem_of(path[path.rfind("/") + 1 :]) for path in sample]
    starts = ["", *_shared_starts(stems)]
    for start in starts:
        literal = start.replace("{", "{{").replace("}", "}}")
        for opening, closing in (" (", ")"), ("(", ")"), ("（", "）"), (" [", "]"):
            yield f"{literal}{{label}}{opening}{{id}}{closing}"
        for separator in SEPARATORS:
            for form in (
                "{label}_{id}",
                "{id}_{label}",
                "{id}_{label}_{x_rest}",
                "{split}_{label}_{id}",
                "{split}_{id}",
            ):
                yield literal + form.replace("_", separator).replace(f"x{separator}rest", "x_rest")
        fixed = re.escape(start)
        # Classes of several words, and names without a separator, no template can tell apart.
        for separator in SEPARATORS:
            yield rf"re:^{fixed}(?P<label>.*[^\W\d].*){re.escape(separator)}(?P<id>\d+)$"
            yield rf"re:^{fixed}(?P<id>\d+){re.escape(separator)}(?P<label>\D.*)$"
        yield rf"re:^{fixed}(?P<label>[^\W\d_]+)(?P<id>\d+)$"
        yield rf"re:^{fixed}(?P<id>\d+)(?P<label>[^\W\d_]\D*)$"
        yield rf"re:^{fixed}(?P<label>\D*[^\W\d_])[\W_]*\d"


def _shared_starts(stems: Sequence[str]) -> list[str]:
    """Return the words, with their separators, that most names begin with."""
    found = Counter(start[0] for stem in stems if (start := START.match(stem)))
    return [start for start, count in found.most_common(1) if count >= SHARED_START_SHARE * len(stems)]


def _score(pattern: Pattern, sample: Sequence[str]) -> float:
    """Return how plausible it is that a pattern reads classes, 0 where it hardly does."""
    reads = [fields for path in sample if (fields := pattern.read(path)) is not None]
    if len(reads) < max(2 * LEAST_PER_CLASS, LEAST_SHARE * len(sample)):
        return 0.0
    if "{split}" in pattern.text and not all(fields["split"].casefold() in SPLIT_NAMES for fields in reads):
        return 0.0
    values = Counter(fields.get("label", fields.get("split", "")) for fields in reads)
    if not _are_classes(values, by_label="label" in reads[0]):
        return 0.0
    numbered = sum(NUMBERLIKE.fullmatch(fields.get("id", "0")) is not None for fields in reads)
    return len(reads) / len(sample) * (0.2 + 0.8 * numbered / len(reads))


def _are_classes(values: Counter[str], *, by_label: bool) -> bool:
    """Tell whether values with their counts may be classes (or splits): few, not alone, and words."""
    total = values.total()
    if not 1 < len(values) <= total / LEAST_PER_CLASS:
        return False
    alone = sum(count == 1 for count in values.values())
    if alone > MOST_SINGLE_SHARE * len(values):
        return False
    if not by_label:
        return True
    words = [count for value, count in values.items() if _is_word(value)]
    return len(words) > 1 and sum(words) >= LEAST_WORD_SHARE * total and not _share_a_part(list(values))


def _share_a_part(values: Sequence[str]) -> bool:
    """Tell whether all values begin or end with the same word, which then is none of the class."""
    first = {match[0] if (match := WORD_AT_START.match(value)) else value for value in values}
    last = {match[0] if (match := WORD_AT_END.search(value)) else value for value in values}
    return len(first) == 1 or len(last) == 1


def _is_word(value: str) -> bool:
    folded = value.casefold()
    return (
        any(character.isalpha() for character in value)
        and value == value.strip(SEPARATORS)
        and folded not in MACHINE_WORDS
        and folded not in GENERIC
        and folded not in SPLIT_NAMES
        and not CAMERA.fullmatch(value)
        and not DATE.fullmatch(value)
    )
