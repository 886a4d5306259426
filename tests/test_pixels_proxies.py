"""Proxies: what they hold, where they lie, and that they survive."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from labelprep.errors import PixelsError
from labelprep.pixels import proxies
from labelprep.pixels.decoding import decode
from labelprep.pixels.proxies import PackWriter, ProxyPlace, proxy_of, proxy_size_wh, read_proxy

if TYPE_CHECKING:
    from pathlib import Path


def data_of(picture: Image.Image, kind: str, **options: int) -> bytes:
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def test_small_plain_file_is_its_own_proxy() -> None:
    data = data_of(Image.new("RGB", (300, 300), (1, 2, 3)), "PNG")

    assert proxy_of(data) == data


def test_small_picture_of_another_kind_is_kept_without_loss() -> None:
    values = np.random.default_rng(0).integers(0, 255, (40, 30, 3), dtype=np.uint8)

    proxy = Image.open(BytesIO(proxy_of(data_of(Image.fromarray(values), "BMP"))))

    assert proxy.format == "PNG"
    assert np.array_equal(np.asarray(proxy), values)


def test_proxy_carries_no_profile_and_no_transparent_colour() -> None:
    picture = Image.new("RGB", (30, 20), (10, 20, 30))
    file = BytesIO()
    picture.save(file, "PNG", transparency=(10, 20, 30), icc_profile=b"profile")

    proxy = Image.open(BytesIO(proxy_of(file.getvalue())))

    assert proxy.info == {}
    assert proxy.getpixel((0, 0)) == (255, 255, 255)


def test_grey_picture_has_a_grey_proxy() -> None:
    proxy = Image.open(BytesIO(proxy_of(data_of(Image.new("L", (900, 700), 9), "JPEG"))))

    assert (proxy.mode, proxy.size, proxy.format) == ("L", (329, 256), "JPEG")


@pytest.mark.parametrize(
    ("size_wh", "proxy_wh"),
    [
        ((1024, 512), (512, 256)),
        ((512, 1024), (256, 512)),
        ((3000, 300), (1024, 102)),
        ((257, 257), (256, 256)),
        ((100_000, 300), (1024, 3)),
    ],
)
def test_short_side_is_256_and_long_side_at_most_four_times_that(
    size_wh: tuple[int, int], proxy_wh: tuple[int, int]
) -> None:
    assert proxy_size_wh(*size_wh, 256) == proxy_wh


def test_reduced_proxy_is_close_to_an_antialiased_reduction() -> None:
    coarse = np.random.default_rng(0).integers(0, 255, (40, 50, 3), dtype=np.uint8)
    picture = Image.fromarray(coarse).resize((1005, 803), Image.Resampling.BICUBIC)
    data = data_of(picture, "JPEG", quality=95)

    proxy = Image.open(BytesIO(proxy_of(data)))

    wanted = Image.open(BytesIO(data)).resize(proxy.size, Image.Resampling.BICUBIC)
    error = np.mean((np.asarray(proxy).astype(float) - np.asarray(wanted)) ** 2)
    assert 10 * np.log10(255**2 / error) > 40


def test_file_that_cannot_be_decoded_has_no_proxy() -> None:
    with pytest.raises(PixelsError, match="zero bytes"):
        proxy_of(b"")


def test_proxy_size_is_an_option() -> None:
    data = data_of(Image.new("RGB", (900, 900)), "JPEG")

    assert Image.open(BytesIO(proxy_of(data, 64))).size == (64, 64)


def test_pack_gives_back_what_was_appended(tmp_path: Path) -> None:
    writer = PackWriter(tmp_path)

    places = [writer.append(data) for data in (b"first", b"", b"third")]
    writer.sync()

    assert [read_proxy(tmp_path, place) for place in places] == [b"first", b"", b"third"]
    assert [(place.offset, place.length) for place in places] == [(0, 5), (5, 0), (5, 5)]
    assert len(list((tmp_path / "proxies").iterdir())) == 1
    writer.close()


def test_full_pack_is_followed_by_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxies, "PACK_BYTES", 8)
    writer = PackWriter(tmp_path)

    places = [writer.append(b"123456") for _ in range(3)]
    writer.close()

    assert [place.offset for place in places] == [0, 6, 0]
    assert places[0].pack == places[1].pack != places[2].pack
    assert [read_proxy(tmp_path, place) for place in places] == [b"123456"] * 3


def test_two_writers_never_share_a_pack(tmp_path: Path) -> None:
    one, other = PackWriter(tmp_path), PackWriter(tmp_path)

    packs = {one.append(b"a").pack, other.append(b"b").pack}
    one.close()
    other.close()

    assert len(packs) == 2


def test_packs_of_a_lost_worker_are_synced_by_name(tmp_path: Path) -> None:
    lost, writer = PackWriter(tmp_path), PackWriter(tmp_path)
    place = lost.append(b"a")

    writer.sync(frozenset({place.pack}))

    assert read_proxy(tmp_path, place) == b"a"
    lost.close()


def test_lost_or_short_pack_names_itself_and_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "proxies").mkdir()
    (tmp_path / "proxies" / "short.pack").write_bytes(b"abc")

    with pytest.raises(
        PixelsError, match=r"short\.pack: the proxy cannot be read: holds 3 bytes of 9 — run labelprep"
    ):
        read_proxy(tmp_path, ProxyPlace("short.pack", 1, 8))
    with pytest.raises(PixelsError, match=r"gone\.pack: the proxy cannot be read: .* — run labelprep scan"):
        read_proxy(tmp_path, ProxyPlace("gone.pack", 0, 1))


def test_cache_that_cannot_be_written_is_an_error_with_three_parts(tmp_path: Path) -> None:
    (tmp_path / "proxies").write_bytes(b"a file where the folder should be")

    with pytest.raises(PixelsError) as caught:
        PackWriter(tmp_path).append(b"a")

    assert caught.value.where == str(tmp_path / "proxies")
    assert caught.value.fix == "free disk space, or put the manifest elsewhere with -m"


def test_decoding_a_proxy_gives_what_was_encoded() -> None:
    picture = Image.new("RGB", (700, 600), (10, 200, 30))

    decoded = decode(proxy_of(data_of(picture, "JPEG", quality=95)))

    assert decoded.picture is not None
    assert decoded.is_plain
    assert np.abs(np.asarray(decoded.picture).astype(int) - (10, 200, 30)).max() <= 3
