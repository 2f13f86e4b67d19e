"""Text models in folders of their own, and the encoders that they name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from feedback_mining.classification.features import FeatureConfig, Featuriser
from feedback_mining.classification.text_model import TextModel, read_config
from feedback_mining.encoders import Encoder, JoinedEncoder, load_encoder
from feedback_mining.errors import ModelError
from feedback_mining.resources import models_dir
from feedback_mining.text.segment import Segmenter


def load_text_model(folder: Path, root: Path | None = None) -> TextModel:
    """The model in `folder` with the encoders it names; root: a registry's folder, besides that which ships.

    Raises ModelError where model or encoder is missing, or the encoder is not the one of training.
    """
    config = read_config(folder)
    try:
        names, features = list(config["encoders"]), dict(config["features"])
        segmenter = Segmenter()
        encoder = named_encoders(names, root)
        if encoder.version != config["encoder_version"]:
            raise ModelError(
                f"The model in {folder} was trained with the encoder {config['encoder_version']} and "
                f"{encoder.version} was found; restore that encoder or train the model again"
            )
        return TextModel.load(folder, Featuriser(segmenter, encoder, FeatureConfig(**features)))
    except (KeyError, TypeError) as error:
        raise ModelError(
            f"The model in {folder} names no encoders and features that are known here ({error}); train it again"
        ) from error


def named_encoders(names: Sequence[str], root: Path | None = None) -> Encoder:
    """The encoder of a name, a folder or a hub; several are joined."""
    parts = [load_encoder(_place(name, root)) for name in names]
    return parts[0] if len(parts) == 1 else JoinedEncoder(parts)


def _place(name: str, root: Path | None) -> str:
    """A version of the registry's encoders by its name; anything else as it is."""
    for models in (root, models_dir()):
        if models and (models / "encoder" / name).is_dir():
            return str(models / "encoder" / name)
    return name
