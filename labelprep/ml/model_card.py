"""A bundle's model card: what the network is, in words for whoever is handed it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labelprep.ml.options import BACKBONES

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_CLASSES = 100
_FIT_WORDS = {
    "crop": "cut to the middle square",
    "pad": "filled up to a square",
    "stretch": "stretched to a square",
}
_UNMEASURED = "No image validated: how good the network is was not measured."


def model_card(info: Mapping[str, Any]) -> str:
    """Return the card of a bundle as Markdown, from what its bundle.json says."""
    made_by = f"labelprep {info['labelprep'] or '(version unknown)'}, {info['created']}"
    parts = [
        f"# {info['model']}: {len(info['classes'])} classes",
        f"Trained by {made_by}. This card was written then; what is known besides belongs here too.",
        "## Classes\n\nIn the order of the outputs, which are probabilities.\n\n" + _classes(info),
        "## Data\n\n" + _data(info),
        "## Figures\n\n" + _figures(info),
        "## Pictures\n\n" + _pictures(info),
        "## Weights and licence\n\n" + _licence(info),
        "## Limits\n\n" + _limits(info),
    ]
    return "\n\n".join(parts) + "\n"


def _classes(info: Mapping[str, Any]) -> str:
    names = [str(entry["name"]) for entry in info["classes"]]
    lines = [f"{number}. {_literal(name)}" for number, name in enumerate(names[:_MOST_CLASSES])]
    if len(names) > _MOST_CLASSES:
        lines.append(f"… and {len(names) - _MOST_CLASSES:,} more, all in bundle.json.")
    return "\n".join(lines)


def _literal(name: str) -> str:
    """Return a name as Markdown shows it letter by letter."""
    return f"`{' '.join(name.split()).replace('`', 'ˋ')}`"


def _data(info: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{number:,} {split}" for split, number in info["splits"].items())
    lines = [
        f"Images of the manifest {_literal(str(info['manifest']))}: {counts}.",
        f"Validated by: {info['val_rule']}.",
    ]
    return "\n".join([*lines, *(f"- {note}" for note in info["notes"])])


def _figures(info: Mapping[str, Any]) -> str:
    if not info["metrics"]:
        return _UNMEASURED
    rows = [f"| {name.replace('_', ' ')} | {value:.4f} |" for name, value in info["metrics"].items()]
    head = [
        "On the validation images, by which the training was steered:",
        "",
        "| figure | value |",
        "|---|---|",
    ]
    return "\n".join(
        [*head, *rows, "", "`labelprep evaluate` measures it on images that training never saw."]
    )


def _pictures(info: Mapping[str, Any]) -> str:
    given = info["preprocessing"]
    side, channels = given["size_px"], "grey" if given["channels"] == 1 else "red, green, blue"
    fit = _FIT_WORDS.get(str(given["fit"]), str(given["fit"]))
    return (
        f"Upright (turned as their EXIF says), {fit}, {side} × {side} px, {channels}, values 0 to 255 as "
        "they are: whatever the network does with them before its first layer is part of it."
    )


def _licence(info: Mapping[str, Any]) -> str:
    model = str(info["model"])
    trained = (
        "The weights were trained on the images above: their licence is the affair of whoever owns those."
    )
    if model.startswith("efficientnet-lite"):
        return f"It began with published weights of {model} (ImageNet, Apache-2.0). {trained}"
    if model in BACKBONES or info["recipe"].get("weights"):
        return f"It began with published weights of {model}; heed their licence. {trained}"
    return f"It began with random weights (seed {info['seed']}). {trained}"


def _limits(info: Mapping[str, Any]) -> str:
    lines = [
        f"- It answers with one of its {len(info['classes'])} classes, whatever is on a picture.",
        "- Pictures unlike those it learned from (other cameras, light, places) are judged worse.",
        "- A probability is how sure the network is, not how often it is right.",
    ]
    if info["interrupted"]:
        lines.append("- Its training was ended early by a person.")
    return "\n".join(lines)
