"""The models with what they stand on, as every stage that reads comments uses them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedback_mining import __version__
from feedback_mining.backlog.advertising import is_advertising, without_opinions
from feedback_mining.demands.catalogue import Catalogue
from feedback_mining.demands.name import style_rows
from feedback_mining.demands.track import Tracker
from feedback_mining.encoders import Encoder, StaticEncoder
from feedback_mining.errors import InputError
from feedback_mining.pipeline.own_themes import with_own_themes
from feedback_mining.records import Analysis, Comment
from feedback_mining.registry.models import Models, load_models
from feedback_mining.registry.versions import POINTER, Registry
from feedback_mining.settings import Settings
from feedback_mining.storage import Store
from feedback_mining.storage.vectors import CachedEncoder
from feedback_mining.taxonomy import Taxonomy
from feedback_mining.text.segment import Segmenter, dictionary_files

Floats = NDArray[np.float32]
Progress = Callable[[int], None]

_ANALYSED_AT_ONCE = 500
_REMEMBERED = 100_000  # texts
_ALL_AT_ONCE = 500_000  # comments from which all of a product's analyses are read


def words_folder(settings: Settings, store: Store | None) -> Path | None:
    """The folder of a team's words: that of the settings, else one beside an SQLite store."""
    if settings.dictionaries or store is None or store.folder is None:
        return settings.dictionaries
    return store.folder / "dictionaries"


def models_folder(settings: Settings, store: Store | None) -> Path | None:
    """The team's models: the folder of the settings, else the one beside an SQLite store; it may not exist."""
    if settings.models or store is None or store.folder is None:
        return settings.models
    return store.folder / "models"


@lru_cache(maxsize=2)
def _models(root: Path | None, encoder: str | None, dictionaries: tuple[Path, ...], _version: str) -> Models:
    return load_models(root, encoder, dictionaries)


def loaded_models(settings: Settings, root: Path | None, store: Store | None = None) -> Models:
    """The models that `root` puts in use, with the words kept beside the store; read again when they change."""
    files = dictionary_files(words_folder(settings, store))
    if root is not None and not (root / POINTER).exists():
        root = None  # nothing was promoted yet
    version = f"{Segmenter(files).version} {sorted(Registry(root).in_use().items())}"
    return _models(root, settings.encoder, files, version)


@dataclass(frozen=True)
class Reader:
    """The models with what they stand on: comments → analyses, and units → demands."""

    models: Models
    taxonomy: Taxonomy
    catalogue: Catalogue
    vectors: Path | None = None  # folder of the vector cache

    @classmethod
    def of(cls, settings: Settings, store: Store | None = None) -> Reader:
        """store: the one that the comments are in, for the words and vectors kept beside it."""
        if settings.models is not None and not settings.models.is_dir():
            raise InputError(
                f"Setting models names {settings.models}, which is no folder; make it, or change FEEDBACK_MINING_MODELS"
            )
        models = loaded_models(settings, models_folder(settings, store), store)
        vectors = settings.vectors or (store.folder if store else None)
        taxonomy = Taxonomy.load(settings.taxonomy)
        models = with_own_themes(models, taxonomy, settings)
        return cls(models, taxonomy, Catalogue.load(), vectors)

    @cached_property
    def versions(self) -> dict[str, Any]:
        return {
            "code": __version__,
            "taxonomy": str(self.taxonomy),
            "catalogue": self.catalogue.version,
            "dictionary": self.models.versions["dictionary"],
            "models": {k: v for k, v in sorted(self.models.versions.items()) if k != "dictionary"},
        }

    def analyse(
        self, texts: Sequence[tuple[str, str]], progress: Progress | None = None
    ) -> Iterator[Analysis]:
        """One Analysis a comment, in order; advertising holds no opinions."""
        for start in range(0, len(texts), _ANALYSED_AT_ONCE):
            some = texts[start : start + _ANALYSED_AT_ONCE]
            for (_, text), found in zip(some, self.models.comments.analyse(some), strict=True):
                yield without_opinions(found) if is_advertising(text) else found
            if progress:
                progress(len(some))

    @cached_property
    def encoder(self) -> Encoder:
        """Of grouping. The static kind encodes quicker than its vectors could pay for their place on the disk."""
        encoder = self.models.encoder
        if self.vectors is None or isinstance(encoder, StaticEncoder):
            return encoder
        return CachedEncoder(encoder, self.vectors)

    def analyses(
        self, store: Store, product: str, comments: Sequence[Comment], progress: Progress | None = None
    ) -> dict[str, Analysis]:
        """comment id → what the models say; what they had not read yet is read now and kept in the store."""
        ids = [c.id for c in comments] if len(comments) < _ALL_AT_ONCE else None
        known = store.analyses(product, self.models.version, ids)
        found = list(self.analyse([(c.id, c.text) for c in comments if c.id not in known], progress))
        if found:
            store.save_analyses(product, self.models.version, found)
        return known | {analysis.comment: analysis for analysis in found}

    def _style(self, statements: Sequence[str]) -> Floats:
        head = self.models.title
        return head.probabilities(style_rows(statements))[:, head.classes.index("yes")]

    def tracker(self, product: str, lang: str = "zh") -> Tracker:
        return Tracker(
            product=product,
            encode=_remembered(self.encoder.encode),
            words=lru_cache(maxsize=_REMEMBERED)(self.models.comments.featuriser.segmenter.words),
            clarity=self.models.comments.clarity,
            style=self._style,
            themes=[theme.id for theme in self.taxonomy.themes],
            catalogue=self.catalogue,
            encoder=self.encoder.version,
            lang=lang,
        )


def _remembered(encode: Callable[[Sequence[str]], Floats]) -> Callable[[Sequence[str]], Floats]:
    """`encode` that computes the vectors of recent texts once."""
    known: dict[str, Floats] = {}

    def encode_once(texts: Sequence[str]) -> Floats:
        missing = list(dict.fromkeys(text for text in texts if text not in known))
        if missing or not texts:
            vectors = encode(missing)
            if not texts:
                return vectors
            if len(known) > _REMEMBERED:
                kept = {text: known[text] for text in texts if text in known}
                known.clear()
                known.update(kept)
            known.update(zip(missing, vectors, strict=True))
        return np.stack([known[text] for text in texts])

    return encode_once
