"""Sentence encoders: texts to vectors of unit length.

The default is a static one (token vectors, averaged; Reimers' sentence-transformers `StaticEmbedding`),
whose files are read without torch: a sparse token-count matrix times the table gives the same vectors.
Anything else that sentence-transformers can load (a local folder, a hub name; `HF_ENDPOINT` is honoured)
is one setting away: `FEEDBACK_MINING_ENCODER`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from feedback_mining.errors import ModelError
from feedback_mining.resources import models_dir
from feedback_mining.text.clean import normalise

Vectors = NDArray[np.float32]
_DOCUMENTS = {"card.md", "README.md", "metrics.json"}  # these may change without changing a vector

ACCURATE = "accurate"
_ACCURATE_VERSION = "accurate-zh-1"
_SINGLE = {"dtype": "float32"}  # CPUs are slow in half precision, in which weights may be stored
_PATIENCE = 20  # seconds for a hub to answer


class Encoder(Protocol):
    version: str  # of what decides the vectors: two encoders of one name differ in it
    dimensions: int

    def encode(self, texts: Sequence[str]) -> Vectors:
        """`(len(texts), dimensions)`, rows of length 1 (or 0 where no token is known)."""
        ...


class StaticEncoder:
    """Mean of token vectors, from a folder saved by sentence-transformers with a `StaticEmbedding` module."""

    def __init__(self, folder: Path) -> None:
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        try:
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            (table,) = load_file(folder / "model.safetensors").values()
        except Exception as error:
            raise ModelError(
                f"No static encoder in {folder}: expected tokenizer.json and model.safetensors "
                f"with one table ({type(error).__name__}); train one with scripts/train_encoder.py"
            ) from error
        self._tokenizer.no_padding()
        self._table = table.astype(np.float32)
        self.version = f"{folder.name}-{_digest(folder)}"
        self.dimensions = int(table.shape[1])

    def encode(self, texts: Sequence[str]) -> Vectors:
        from scipy.sparse import csr_matrix

        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        tokens = [
            e.ids
            for e in self._tokenizer.encode_batch([normalise(t) for t in texts], add_special_tokens=False)
        ]
        ends = np.cumsum([0, *map(len, tokens)])
        ids = np.fromiter((i for row in tokens for i in row), dtype=np.int64, count=int(ends[-1]))
        counts = csr_matrix(
            (np.ones(len(ids), np.float32), ids, ends), shape=(len(texts), self._table.shape[0])
        )
        return _unit_length(np.asarray(counts @ self._table))


class SentenceTransformerEncoder:
    """Any model that sentence-transformers loads, by folder or hub name."""

    def __init__(self, name: str, batch_size: int = 64) -> None:
        try:
            self._model = _load(name)
            self.version = _version(name)
        except Exception as error:
            raise ModelError(
                f"The encoder {name!r} cannot be loaded ({type(error).__name__}); expected a folder saved by "
                "sentence-transformers, or the name of a model on a hub that can be reached (a mirror's address "
                "goes into HF_ENDPOINT); without a network, fetch it elsewhere and name its folder"
            ) from error
        self._batch_size = batch_size
        self.dimensions = int(self._model.get_embedding_dimension() or 0)

    def encode(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        vectors = self._model.encode(
            [normalise(t) for t in texts], batch_size=self._batch_size, show_progress_bar=False
        )
        return _unit_length(np.asarray(vectors, np.float32))


def load_encoder(name: str) -> Encoder:
    """The encoder in the folder `name` (the static kind read without torch), else the hub's model of that name.

    `accurate` names the transformer that ships. Raises ModelError where there is none.
    """
    if name == ACCURATE:
        name = str(models_dir() / "encoder" / _ACCURATE_VERSION)
    folder = Path(name)
    modules = folder / "modules.json"
    if modules.is_file():
        try:
            kinds = [module["type"].rsplit(".", 1)[-1] for module in json.loads(modules.read_text("utf-8"))]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(
                f"{modules} is damaged ({type(error).__name__}); expected the list of modules that "
                "sentence-transformers saves; restore the folder or train one with scripts/train_encoder.py"
            ) from error
        if kinds == ["StaticEmbedding"]:
            inner = folder if (folder / "tokenizer.json").is_file() else folder / "0_StaticEmbedding"
            encoder = StaticEncoder(inner)
            encoder.version = _version(name)
            return encoder
    return SentenceTransformerEncoder(name)


def _load(name: str) -> Any:
    """A model from its folder or from what was fetched before, else from the hub."""
    from huggingface_hub import HfApi, try_to_load_from_cache
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]
    if Path(name).exists():
        return SentenceTransformer(name, device="cpu", local_files_only=True, model_kwargs=_SINGLE)
    if isinstance(try_to_load_from_cache(name, "modules.json"), str):
        with suppress(OSError, ValueError):  # a file is missing where fetching was cut off
            return SentenceTransformer(name, device="cpu", local_files_only=True, model_kwargs=_SINGLE)
    HfApi().model_info(name, timeout=_PATIENCE)  # loading would ask for each file again and again for minutes
    return SentenceTransformer(name, device="cpu", model_kwargs=_SINGLE)


def _version(name: str) -> str:
    """Folder's name and digest of its content; of a model on the hub, its name and commit."""
    folder = Path(name)
    if folder.is_dir():
        return f"{folder.name}-{_digest(folder)}"
    from huggingface_hub import snapshot_download

    return f"{name}@{Path(snapshot_download(name, local_files_only=True)).name[:12]}"


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder)
        if path.is_file() and inner.name not in _DOCUMENTS and not inner.name.startswith("."):
            digest.update(f"{inner.as_posix()}\0{path.stat().st_size}\0".encode())
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:8]


def _unit_length(vectors: Vectors) -> Vectors:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    lengths: Vectors = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    return lengths


class JoinedEncoder:
    """Several encoders side by side: their vectors joined, each with the same share of the length."""

    def __init__(self, parts: Sequence[Encoder]) -> None:
        self._parts = tuple(parts)
        self.version = "+".join(part.version for part in parts)
        self.dimensions = sum(part.dimensions for part in parts)

    def encode(self, texts: Sequence[str]) -> Vectors:
        vectors = [part.encode(texts) for part in self._parts]
        return np.hstack(vectors) / np.float32(np.sqrt(len(vectors)))
