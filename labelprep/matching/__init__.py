r"""Which image a name in a label source means: a ladder of rules.

Each rule is tried only where the one above finds nothing.

====  ============  =====================================================================================
rule  name          what is compared
====  ============  =====================================================================================
1     path          the exact path below the root, or below the label file's own folder
2     cleaned       slashes, ``./``, percent-escapes; a drive, a host, a leading slash, a root of the same
                    name stripped (``D:\old\photos\cat\1.jpg`` where the root is called ``photos``)
3     folded        the same in Unicode NFC and without case
4     suffix        the longest common end of two parts or more
5     name          the base name
6     stem          the base name without its extension (missing or changed)
7     upload        the stem without what upload tools add (``1a2b3c4d-``, ``.rf.…``, ``_jpg``)
8     number        the same with numbers padded otherwise (7, 007, 7.0)
9     spelling      the same without spaces, brackets and full-width forms
10    content       the sha256 of the file, where its name is not found or leads out of the root
====  ============  =====================================================================================

A rule decides with exactly one candidate; two candidates end the ladder, and both are named. Of several that
differ only in case or Unicode form, the one spelled exactly like the name is meant; of several in different
folders, the one whose folders agree furthest with the name's. Nothing is ever joined by the order of rows,
and nothing is opened: a name only ever means an image that is already known. An import lets an inferred row
give way to one of its own source that names the same image by the rules 1 to 3.
"""

from labelprep.matching.ladder import LAST_CERTAIN, Match, Matcher, NoMatch, Why
from labelprep.matching.rules import Rule

__all__ = ["LAST_CERTAIN", "Match", "Matcher", "NoMatch", "Rule", "Why"]
