"""The words by which columns are known, in English and Chinese."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from labelprep.model.classes import INVISIBLE
from labelprep.model.images import SPLIT_NAMES

WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")
LETTERS = re.compile(r"[\W_]+")

FILE_WORDS: Final = frozenset(
    {"file", "filename", "image", "img", "photo", "picture", "pic", "path", "filepath"}
)
FILE_FILLERS: Final = frozenset(
    {"file", "name", "path", "names", "files", "images", "relative", "rel", "full"}
)
FILE_NAMES: Final = frozenset(
    {"fname", "imagename", "imgname", "imgpath", "imagepath", "imagefile", "src", "url"}
)
FILE_CHINESE = re.compile(
    r"(图片|图像|图|照片|相片|影像|文件|样本|圖片|圖像|檔案|相對|相对)?(文件|檔案)?(名称|名稱|名字|名|路径|路徑|地址)"
    r"|图片|图像|照片|相片|影像|文件|圖片|圖像|檔案|檔名"
)
ID_NAMES: Final = frozenset(
    {
        "id", "ids", "name", "key", "uid", "imageid", "imgid", "fileid", "photoid", "pictureid",
        "sampleid", "样本",
    }
)  # fmt: skip
ID_CHINESE = re.compile(r"(图片|图像|图|照片|文件|样本|影像|圖片)?(编号|編號|编码|id|号)", re.IGNORECASE)

LABEL_NAMES: Final = frozenset(
    {
        "label", "labels", "class", "classes", "category", "categories", "classname", "labelname",
        "categoryname", "classlabel", "imagelabel", "groundtruth", "gt", "标签", "标签名", "标签名称",
        "类别", "类别名", "类别名称", "分类", "类", "类名", "分类名称", "分类标签", "類別", "標籤",
        "分類", "類",
    }
)  # fmt: skip
LABEL_WORDS: Final = frozenset({"label", "labels", "class", "classes", "category", "categories"})
LABEL_CHINESE = re.compile(r"标签|类别|分类|標籤|類別|分類")
LESS_LABEL_NAMES: Final = frozenset(
    {"tag", "tags", "target", "type", "kind", "类型", "种类", "品种", "标注", "標註", "類型", "種類"}
)
NOT_LABEL_WORDS: Final = frozenset(
    {
        "id", "ids", "index", "idx", "no", "num", "number", "code", "count", "score", "confidence",
        "prob", "probability", "by", "date", "time", "author", "status", "file", "path", "name",
        "weight", "source",
    }
)  # fmt: skip

SPLIT_COLUMN_NAMES: Final = frozenset(
    {
        "split", "subset", "set", "fold", "partition", "phase", "usage", "datasetsplit", "datasplit",
        "集", "数据集", "划分", "数据集划分", "数据划分", "集合", "子集", "資料集", "劃分",
    }
)  # fmt: skip
GROUP_NAMES: Final = frozenset(
    {
        "group", "groupid", "groupkey", "patient", "patientid", "subject", "subjectid", "分组", "组",
        "组别", "分組",
    }
)  # fmt: skip
WEIGHT_NAMES: Final = frozenset({"weight", "weights", "sampleweight", "权重", "權重"})
SHA256_NAMES: Final = frozenset({"sha256", "sha256sum"})
OTHER_NAMES: Final = frozenset(
    {
        "", "no", "nr", "index", "idx", "row", "rownumber", "unnamed0", "序号", "行号", "序號",
        "width", "height", "w", "h", "x", "y", "xmin", "xmax", "ymin", "ymax", "x1", "x2", "y1", "y2",
        "bbox", "area", "size", "date", "time", "datetime", "timestamp", "year", "month", "day",
        "score", "confidence", "prob", "probability", "author", "user", "annotator", "source",
        "license", "url", "note", "notes", "comment", "comments", "remark", "remarks", "description",
        "md5", "sha1", "hash", "sha256", "lat", "lon", "latitude", "longitude", "备注", "说明", "描述",
        "日期", "时间", "大小", "宽", "高", "作者", "标注人", "来源", "備註",
    }
)  # fmt: skip
SPLIT_VALUES: Final = {
    **SPLIT_NAMES, "trn": "train", "validate": "val", "eval": "val", "tst": "test", "训练": "train",
    "验证": "val", "测试": "test", "訓練": "train", "訓練集": "train", "驗證": "val", "驗證集": "val",
    "測試": "test", "測試集": "test",
}  # fmt: skip


def plain(name: str) -> str:
    """Return a column name in NFKC, without case, signs, spaces and invisible characters."""
    text = unicodedata.normalize("NFKC", name)
    text = "".join(character for character in text if character not in INVISIBLE)
    return LETTERS.sub("", text.casefold())


def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a column name: ``imageFile_name`` is image, file, name."""
    return tuple(word.casefold() for word in WORDS.findall(unicodedata.normalize("NFKC", name)))


@lru_cache(maxsize=4096)
def names_file(name: str) -> bool:
    """Say whether a column name means file names or paths."""
    text = plain(name)
    if text in FILE_WORDS or text in FILE_NAMES or FILE_CHINESE.fullmatch(text) is not None:
        # 名称 alone may be the name of anything.
        return text not in {"名称", "名稱", "名字", "名", "地址"}
    words = set(words_of(name))
    return bool(words & FILE_WORDS) and words <= FILE_WORDS | FILE_FILLERS


@lru_cache(maxsize=4096)
def names_id(name: str) -> bool:
    """Say whether a column name means something that may tell images apart."""
    text = plain(name)
    return text in ID_NAMES or text in {"名称", "名稱", "名字"} or ID_CHINESE.fullmatch(text) is not None


@lru_cache(maxsize=4096)
def label_strength(name: str) -> int:
    """Return how clearly a column name means classes: from 3, its very name, to 0."""
    text = plain(name)
    if text in LABEL_NAMES:
        return 3
    words = set(words_of(name))
    if not words & NOT_LABEL_WORDS and (words & LABEL_WORDS or LABEL_CHINESE.search(text)):
        return 2
    return 1 if text in LESS_LABEL_NAMES else 0


def role_of(name: str) -> str | None:
    """Return the lesser role that a column name states: split, group, weight, sha256."""
    text = plain(name)
    for role, names in (
        ("split", SPLIT_COLUMN_NAMES),
        ("group", GROUP_NAMES),
        ("weight", WEIGHT_NAMES),
        ("sha256", SHA256_NAMES),
    ):
        if text in names:
            return role
    return None


def is_known_header(name: str) -> bool:
    """Say whether a text is a column name that is known."""
    return names_file(name) or names_id(name) or label_strength(name) > 0 or role_of(name) is not None


def is_other(name: str) -> bool:
    """Say whether a column name means something that is no class."""
    text = plain(name)
    return text in OTHER_NAMES or bool(set(words_of(name)) & {"score", "confidence", "probability"})
