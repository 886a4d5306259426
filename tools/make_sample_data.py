"""Make ``sample_data/``: five kinds of things, 60 pictures of each, and labels; the same bytes at every run.

A picture depends on its kind and number alone, so that a part of the set can be drawn again and
compared. They are drawn at three times their size and made smaller, which smooths the edges.

Run ``python tools/make_sample_data.py sample_data``. The labels (see `sample_labels`) leave out the first
picture of each kind, which `labelprep demo` keeps for the trained network.
"""

from __future__ import annotations

import argparse
import colorsys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from sample_labels import Labelled, outline_of, write_csv, write_labelme, write_workbook

if TYPE_CHECKING:
    from collections.abc import Callable

SEED = 20_240_501
PER_CLASS = 60
OVERSAMPLING = 3
SIDES_PX = (96, 112, 128)
JPEG_QUALITY = 96
UNUSUAL_HUE_SHARE = 0.04
PNG_EVERY = 20
UNLABELLED = 1
WITH_SHAPES = 12
LEAST_STROKE = 0.08

Points = NDArray[np.float64]
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Colours:
    """The paints of one thing: its body, the same in shade and in light, and one that stands out."""

    body: Colour
    shade: Colour
    light: Colour
    accent: Colour


@dataclass(frozen=True)
class Pen:
    """Draws shapes given in units of the thing (about -1…1, y downwards) at its place, size and angle.

    ``drawn`` collects the points of its solid parts, in pixels of the canvas.
    """

    draw: ImageDraw.ImageDraw
    centre_px: tuple[float, float]
    scale_px: float
    turn_radians: float
    mirrored: bool
    drawn: list[tuple[float, float]] = field(default_factory=list)

    def placed(self, points: Points) -> list[tuple[float, float]]:
        """Return points (n, 2) in pixels of the canvas."""
        signed = points * ((-1.0, 1.0) if self.mirrored else (1.0, 1.0))
        cosine, sine = np.cos(self.turn_radians), np.sin(self.turn_radians)
        turned = signed @ np.array([[cosine, sine], [-sine, cosine]])
        return [(float(x), float(y)) for x, y in turned * self.scale_px + self.centre_px]

    def fill(self, points: Points, colour: Colour) -> None:
        """Fill a closed outline."""
        placed = self.placed(points)
        self.drawn.extend(placed)
        self.draw.polygon(placed, fill=colour)

    def stroke(self, points: Points, colour: Colour, width: float) -> None:
        """Draw an open line, ``width`` in units of the thing; steam and edges are no solid part."""
        placed = self.placed(points)
        if width >= LEAST_STROKE:
            self.drawn.extend(placed)
        self.draw.line(placed, fill=colour, width=max(1, round(width * self.scale_px)), joint="curve")

    def shape(self, points: Points, colour: Colour, edge: Colour) -> None:
        """Fill a closed outline and draw its edge."""
        self.fill(points, colour)
        self.stroke(np.vstack([points, points[:2]]), edge, 0.05)


def arc(centre: tuple[float, float], radii: tuple[float, float], degrees: tuple[float, float]) -> Points:
    """Return points along an ellipse between two angles, clockwise as seen on the screen."""
    angles = np.radians(np.linspace(*degrees, 48))
    return np.column_stack([np.cos(angles), np.sin(angles)]) * radii + centre


def corners(*points: tuple[float, float]) -> Points:
    """Return the given points as an array (n, 2)."""
    return np.array(points, dtype=np.float64)


def draw_cup(pen: Pen, rng: np.random.Generator, paint: Colours) -> None:
    """Draw a cup from the side: a tapering body, a handle, what is in it, sometimes steam."""
    rim, foot = rng.uniform(0.5, 0.68), rng.uniform(0.32, 0.5)
    top, bottom = rng.uniform(-0.6, -0.35), rng.uniform(0.5, 0.75)
    middle = (top + bottom) / 2
    grip = arc((rim * 0.86, middle), (rng.uniform(0.3, 0.42), (bottom - top) * 0.3), (-95, 95))
    pen.stroke(grip, paint.shade, 0.2)
    pen.stroke(grip, paint.body, 0.11)
    body = np.vstack([corners((-rim, top), (rim, top)), arc((0, bottom), (foot, 0.1), (0, 180))])
    pen.shape(body, paint.body, paint.shade)
    if rng.random() < 0.6:
        height = rng.uniform(0.3, 0.7)
        side = rim + (foot - rim) * height
        level = top + (bottom - top) * height
        pen.stroke(corners((-side * 0.95, level), (side * 0.95, level)), paint.accent, rng.uniform(0.1, 0.22))
    pen.shape(arc((0, top), (rim, 0.13), (0, 360)), paint.light, paint.shade)
    pen.fill(arc((0, top + 0.02), (rim * 0.82, 0.08), (0, 360)), paint.shade)
    if rng.random() < 0.5:
        heights = np.linspace(top - 0.18, top - 0.62, 24)
        for x in (-0.22, 0.18):
            pen.stroke(np.column_stack([x + 0.07 * np.sin(heights * 14), heights]), paint.light, 0.05)


def draw_fish(pen: Pen, rng: np.random.Generator, paint: Colours) -> None:
    """Draw a fish from the side: a pointed body, tail and fins, an eye, sometimes stripes."""
    height = rng.uniform(0.3, 0.48)
    along = np.linspace(0, np.pi, 40)
    upper = np.column_stack([-np.cos(along) * 0.72 + 0.1, -(np.sin(along) ** 1.2) * height])
    lower = upper[::-1] * (1, -rng.uniform(0.8, 1.0))
    spread = rng.uniform(0.3, 0.48)
    tail = corners((-0.5, 0), (-0.98, -spread), (-0.84, 0), (-0.98, spread))
    pen.shape(tail, paint.accent, paint.shade)
    pen.shape(
        corners((-0.25, -height * 0.75), (0.05, -height - 0.25), (0.35, -height * 0.75)),
        paint.accent,
        paint.shade,
    )
    pen.shape(np.vstack([upper, lower]), paint.body, paint.shade)
    if rng.random() < 0.5:
        for x in np.linspace(-0.3, 0.25, int(rng.integers(2, 5))):
            pen.stroke(arc((x - 0.1, 0), (0.12, height * 0.72), (-80, 80)), paint.accent, 0.07)
    pen.stroke(arc((0.36, 0), (0.1, height * 0.6), (-70, 70)), paint.shade, 0.05)
    pen.fill(corners((0.1, 0.05), (-0.15, 0.25), (-0.12, 0.02)), paint.shade)
    pen.fill(arc((0.6, -0.08), (0.085, 0.085), (0, 360)), (250, 250, 245))
    pen.fill(arc((0.62, -0.08), (0.045, 0.045), (0, 360)), (20, 20, 25))


def draw_house(pen: Pen, rng: np.random.Generator, paint: Colours) -> None:
    """Draw a house from the front: walls, roof, door, one or two windows, sometimes a chimney."""
    half, eaves, ground = rng.uniform(0.45, 0.68), rng.uniform(-0.2, 0.05), 0.75
    ridge = eaves - rng.uniform(0.4, 0.65)
    if rng.random() < 0.6:
        x = half * 0.55
        pen.shape(
            corners((x - 0.1, ridge), (x + 0.1, ridge), (x + 0.1, eaves), (x - 0.1, eaves)),
            paint.shade,
            paint.shade,
        )
    pen.shape(
        corners((-half, eaves), (half, eaves), (half, ground), (-half, ground)), paint.body, paint.shade
    )
    pen.shape(
        corners((-half - 0.16, eaves), (rng.uniform(-0.12, 0.12), ridge), (half + 0.16, eaves)),
        paint.accent,
        paint.shade,
    )
    door, side = rng.uniform(0.24, 0.34), rng.choice((-1.0, 0.0, 1.0)) * half * 0.45
    pen.shape(
        corners(
            (side - door / 2, 0.32),
            (side + door / 2, 0.32),
            (side + door / 2, ground),
            (side - door / 2, ground),
        ),
        paint.shade,
        paint.shade,
    )
    for x in (-half * 0.5, half * 0.5):
        if abs(x - side) < 0.26 and rng.random() < 0.7:
            continue
        y, reach = eaves + 0.2, 0.11
        window = corners(
            (x - reach, y - reach), (x + reach, y - reach), (x + reach, y + reach), (x - reach, y + reach)
        )
        pen.shape(window, paint.light, paint.shade)
        pen.stroke(corners((x, y - reach), (x, y + reach)), paint.shade, 0.03)
        pen.stroke(corners((x - reach, y), (x + reach, y)), paint.shade, 0.03)


def draw_leaf(pen: Pen, rng: np.random.Generator, paint: Colours) -> None:
    """Draw a leaf: a pointed blade with a toothed or smooth edge, veins and a stem."""
    width, belly = rng.uniform(0.32, 0.52), rng.uniform(0.7, 1.3)
    teeth = rng.uniform(0.02, 0.06) if rng.random() < 0.6 else 0.0
    along = np.linspace(0, 1, 64)
    profile = width * np.sin(np.pi * along**belly) ** 0.9 * (1.05 - 0.3 * along)
    profile = profile + teeth * np.sin(along * 60) * np.sin(np.pi * along)
    axis = along * 1.6 - 0.65
    bend = rng.uniform(-0.25, 0.25) * (along - 0.3) ** 2
    upper, lower = np.column_stack([axis, bend - profile]), np.column_stack([axis, bend + profile])
    pen.stroke(corners((-1.0, rng.uniform(-0.12, 0.12)), (-0.62, 0)), paint.shade, 0.08)
    pen.shape(np.vstack([upper, lower[::-1]]), paint.body, paint.shade)
    spine = np.column_stack([axis, bend])
    pen.stroke(spine[:58], paint.light, 0.05)
    for step in range(10, 52, int(rng.integers(7, 11))):
        for sign in (-1.0, 1.0):
            end = (axis[step] + 0.16, bend[step] + sign * profile[min(step + 6, 63)] * 0.82)
            pen.stroke(corners((axis[step], bend[step]), end), paint.light, 0.03)


def draw_star(pen: Pen, rng: np.random.Generator, paint: Colours) -> None:
    """Draw a star of four to seven points, plain or folded with one side of each point in shade."""
    rays, inner = int(rng.choice((4, 5, 5, 5, 6, 7))), rng.uniform(0.36, 0.54)
    angles = np.arange(2 * rays) * np.pi / rays
    radii = np.where(np.arange(2 * rays) % 2 == 0, 0.92, 0.92 * inner) * rng.uniform(0.94, 1.06, 2 * rays)
    outline = np.column_stack([np.sin(angles), -np.cos(angles)]) * radii[:, np.newaxis]
    pen.shape(outline, paint.body, paint.shade)
    if rng.random() < 0.65:
        for tip in range(0, 2 * rays, 2):
            pen.fill(corners((0, 0), outline[tip], outline[tip - 1]), paint.accent)
    elif rng.random() < 0.5:
        pen.fill(outline * 0.45, paint.light)
    pen.stroke(np.vstack([outline, outline[:2]]), paint.shade, 0.05)


@dataclass(frozen=True)
class Kind:
    """How one kind of thing is drawn, how far it is turned, and its usual hues (0…1)."""

    draw: Callable[[Pen, np.random.Generator, Colours], None]
    turn_degrees: float
    hues: tuple[float, ...]


KINDS = {
    "cup": Kind(draw_cup, 14, (0.54, 0.6)),
    "fish": Kind(draw_fish, 25, (0.07, 0.09)),
    "house": Kind(draw_house, 8, (0.97, 0.0)),
    "leaf": Kind(draw_leaf, 35, (0.32, 0.37)),
    "star": Kind(draw_star, 180, (0.13, 0.145)),
}


def rgb(hue: float, saturation: float, value: float) -> Colour:
    """Return a colour of three bytes from hue, saturation and value (each 0…1; the hue wraps)."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, min(max(saturation, 0), 1), min(max(value, 0), 1))
    return round(red * 255), round(green * 255), round(blue * 255)


def background(rng: np.random.Generator, side_px: int) -> tuple[Image.Image, float]:
    """Return a square canvas of blurred clutter on a gradient, and how bright it is (0…1)."""
    value, hue = rng.uniform(0.45, 0.95), rng.random()
    ends = [rgb(hue + rng.normal(0, 0.06), rng.uniform(0.03, 0.18), value + shift) for shift in (-0.12, 0.12)]
    ramp = np.linspace(0, 1, side_px)[:, np.newaxis, np.newaxis]
    column = np.array(ends[0]) * (1 - ramp) + np.array(ends[1]) * ramp
    canvas = Image.fromarray(np.broadcast_to(column, (side_px, side_px, 3)).astype(np.uint8))
    canvas = canvas.rotate(90 * int(rng.integers(4)))
    draw = ImageDraw.Draw(canvas)
    for _ in range(int(rng.integers(5, 14))):
        x, y, reach = rng.uniform(0, side_px), rng.uniform(0, side_px), side_px * rng.uniform(0.04, 0.2)
        colour = rgb(hue + rng.normal(0, 0.15), rng.uniform(0.05, 0.26), value + rng.uniform(-0.22, 0.22))
        if rng.random() < 0.5:
            draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=colour)
        else:
            across = rng.uniform(-reach, reach, 6).reshape(3, 2) * 1.6 + (x, y)
            draw.polygon([(float(a), float(b)) for a, b in across], fill=colour)
    return canvas.filter(ImageFilter.GaussianBlur(side_px * rng.uniform(0.004, 0.02))), value


def colours(rng: np.random.Generator, hues: tuple[float, ...], behind: float) -> Colours:
    """Return paints that stand out from a background of the given brightness."""
    hue = rng.choice(hues) + rng.normal(0, 0.018)
    if rng.random() < UNUSUAL_HUE_SHARE:
        hue = rng.random()
    value = rng.uniform(0.75, 1.0) if behind < 0.65 else rng.uniform(0.55, 0.9)
    saturation = rng.uniform(0.55, 0.95)
    return Colours(
        body=rgb(hue, saturation, value),
        shade=rgb(hue, saturation, value * 0.5),
        light=rgb(hue, saturation * 0.35, value + 0.25),
        accent=rgb(hue + rng.choice((-0.035, 0.035, 0.05)), saturation, value * rng.uniform(0.7, 0.95)),
    )


def picture(name: str, number: int) -> tuple[Image.Image, Labelled]:
    """Return the picture of a kind and number (from 1), RGB, a square of ``SIDES_PX``, and its label."""
    kind = KINDS[name]
    rng = np.random.default_rng([SEED, list(KINDS).index(name), number])
    side_px = int(rng.choice(SIDES_PX))
    large_px = side_px * OVERSAMPLING
    canvas, behind = background(rng, large_px)
    scale_px = large_px * rng.uniform(0.32, 0.44)
    slack_px = max(large_px / 2 - scale_px, 0)
    pen = Pen(
        draw=ImageDraw.Draw(canvas),
        centre_px=(
            large_px / 2 + rng.uniform(-0.6, 0.6) * slack_px,
            large_px / 2 + rng.uniform(-0.6, 0.6) * slack_px,
        ),
        scale_px=scale_px,
        turn_radians=float(np.radians(rng.uniform(-kind.turn_degrees, kind.turn_degrees))),
        mirrored=bool(rng.random() < 0.5),
    )
    kind.draw(pen, rng, colours(rng, kind.hues, behind))
    small = canvas.filter(ImageFilter.GaussianBlur(rng.uniform(0, 2.2))).resize(
        (side_px, side_px), Image.Resampling.BOX
    )
    points = [(x / OVERSAMPLING, y / OVERSAMPLING) for x, y in pen.drawn]
    extension = "png" if number % PNG_EVERY == 0 else "jpg"
    file = f"{name}_{number:03}.{extension}"
    return noisy(small, rng), Labelled(name, file, side_px, outline_of(points, side_px))


def noisy(clean: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Return a picture under uneven light and with the noise of a cheap camera."""
    pixels = np.asarray(clean, dtype=np.float64)
    across = np.linspace(-1, 1, clean.width)
    slope = rng.uniform(-0.18, 0.18, 2)
    light = 1 + slope[0] * across[np.newaxis, :, np.newaxis] + slope[1] * across[:, np.newaxis, np.newaxis]
    grain = rng.normal(0, rng.uniform(3, 11), pixels.shape)
    return Image.fromarray(np.clip(np.rint(pixels * light + grain), 0, 255).astype(np.uint8))


def write(target: Path, per_class: int) -> int:
    """Write ``photos/<kind>/<kind>_001.jpg`` … (every twentieth as PNG) and their labels; return how many."""
    labelled: list[Labelled] = []
    with_shapes: list[Labelled] = []
    for name in KINDS:
        folder = target / "photos" / name
        folder.mkdir(parents=True, exist_ok=True)
        made = []
        for number in range(1, per_class + 1):
            drawn, item = picture(name, number)
            options = {"optimize": True} if item.file.endswith(".png") else {"quality": JPEG_QUALITY}
            drawn.save(folder / item.file, **options)
            made.append(item)
        labelled += made[UNLABELLED:]
        with_shapes += made[UNLABELLED : UNLABELLED + WITH_SHAPES]
    write_csv(target / "labels.csv", labelled)
    write_workbook(target / "labels.xlsx", labelled)
    write_labelme(target / "labelme", with_shapes)
    return per_class * len(KINDS)


def main() -> None:
    """Write pictures and labels where the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("target", type=Path, help="the folder that gets photos/ and labels")
    parser.add_argument("--per-class", type=int, default=PER_CLASS, help="pictures of each kind")
    arguments = parser.parse_args()
    written = write(arguments.target, arguments.per_class)
    print(f"{written} pictures of {len(KINDS)} kinds and their labels in {arguments.target}")


if __name__ == "__main__":
    main()
