"""How people and cameras name folders and files that are hardly classes."""

from __future__ import annotations

import re

GENERIC = frozenset(
    {
        "images", "image", "img", "imgs", "photos", "photo", "pictures", "picture", "pics", "data", "dataset",
        "jpegimages", "raw", "all", "图片", "照片", "图像", "数据", "数据集",
    }
)  # fmt: skip
DATE = re.compile(
    r"(19|20)\d\d([-_.年 ]?(0?[1-9]|1[0-2])([-_.月 ]?(0?[1-9]|[12]\d|3[01])日?)?月?)?([-_ T].*)?"
)
CAMERA = re.compile(r"\d{3}[A-Z0-9_]{5}|DCIM|Camera( Roll)?|IMG[_-]?\d*|DSC[_-]?\d*", re.IGNORECASE)
