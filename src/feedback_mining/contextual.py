"""Vectors of spans, each read within its comment, from a small BERT (Devlin et al. 2019).

The folder is one that sentence-transformers saves (a Transformer and a mean Pooling module); its files are
read here without transformers, whose import takes seconds, and run in float32, so that a comment gets the
same vectors whatever it is read beside.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedback_mining.errors import ModelError
from feedback_mining.text.clean import to_simplified

if TYPE_CHECKING:
    import torch

Vectors = NDArray[np.float32]
Offsets = NDArray[np.int64]

_WINDOW = 128  # tokens that are read together; the model has seen no longer ones
_BATCH = 1024  # tokens; larger ones leave the cache


@dataclass(frozen=True)
class Reading:
    """Hidden states of every token of some texts, and where in its text each token stands."""

    offsets: tuple[Offsets, ...]  # (tokens, 2) a text
    states: tuple[Vectors, ...]  # (tokens, dimensions) a text
    dimensions: int

    def vectors(self, places: Sequence[tuple[int, int, int]]) -> Vectors:
        """`(len(places), dimensions)`: the mean state of the tokens in `(text, start, end)`; 0 without any."""
        found = np.zeros((len(places), self.dimensions), np.float32)
        for k, (text, start, end) in enumerate(places):
            first, last = tokens_in(self.offsets[text], start, end)
            if first < last:
                found[k] = self.states[text][first:last].mean(axis=0)
        return found


class ContextualEncoder:
    """Raises ModelError where the folder holds no BERT as sentence-transformers saves it."""

    def __init__(self, folder: Path) -> None:
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        try:
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            arrays = load_file(folder / "model.safetensors")
            self._padding = int(config["pad_token_id"])
            self._heads = int(config["num_attention_heads"])
            self._layers = int(config["num_hidden_layers"])
            self._small = float(config["layer_norm_eps"])
            self.dimensions = int(config["hidden_size"])
        except Exception as error:
            raise ModelError(
                f"No contextual encoder in {folder}: expected config.json, tokenizer.json and model.safetensors of a "
                f"BERT ({type(error).__name__}); restore models/ or train one with scripts/train_reader.py"
            ) from error
        self._arrays = arrays
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self.version = folder.name
        self._weights: dict[str, torch.Tensor] | None = None

    def read(self, texts: Sequence[str], cuts: Sequence[Sequence[int]]) -> Reading:
        """cuts: for each text the positions at which it may be cut when it is too long to be read at once."""
        encoded = self._tokenizer.encode_batch(
            [same_length_simplified(text) for text in texts], add_special_tokens=False
        )
        ids = [np.array(e.ids, np.int64) for e in encoded]
        offsets = tuple(np.array(e.offsets, np.int64).reshape(-1, 2) for e in encoded)
        windows = [
            (text, a, b)
            for text, places in enumerate(offsets)
            for a, b in windows_of(places, cuts[text], _WINDOW)
        ]
        windows.sort(key=lambda w: (w[2] - w[1], w[0], w[1]))
        states = tuple(np.zeros((len(row), self.dimensions), np.float32) for row in ids)
        for batch in _batches(windows):
            rows = np.full((len(batch), batch[-1][2] - batch[-1][1]), self._padding, np.int64)
            for k, (text, a, b) in enumerate(batch):
                rows[k, : b - a] = ids[text][a:b]
            for (text, a, b), state in zip(batch, self._forward(rows), strict=True):
                states[text][a:b] = state[: b - a]
        return Reading(offsets, states, self.dimensions)

    def _forward(self, rows: NDArray[np.int64]) -> Vectors:
        """`(texts, tokens, dimensions)` of padded token ids `(texts, tokens)`."""
        import torch
        from torch.nn.functional import gelu, layer_norm, linear, scaled_dot_product_attention

        w = self._loaded()
        with torch.inference_mode():
            ids = torch.from_numpy(rows)
            texts, tokens = ids.shape
            real = (ids != self._padding)[:, None, None, :]

            def normed(x: torch.Tensor, name: str) -> torch.Tensor:
                return layer_norm(x, (self.dimensions,), w[f"{name}.weight"], w[f"{name}.bias"], self._small)

            def dense(x: torch.Tensor, name: str) -> torch.Tensor:
                return linear(x, w[f"{name}.weight"], w[f"{name}.bias"])

            x = w["embeddings.word_embeddings.weight"][ids].float()
            x = x + w["embeddings.position_embeddings.weight"][:tokens]
            x = normed(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
            for number in range(self._layers):
                layer = f"encoder.layer.{number}"
                query, key, value = (
                    dense(x, f"{layer}.attention.self.{part}")
                    .view(texts, tokens, self._heads, -1)
                    .transpose(1, 2)
                    for part in ("query", "key", "value")
                )
                seen = scaled_dot_product_attention(query, key, value, attn_mask=real)
                seen = seen.transpose(1, 2).reshape(texts, tokens, self.dimensions)
                x = normed(
                    x + dense(seen, f"{layer}.attention.output.dense"), f"{layer}.attention.output.LayerNorm"
                )
                inner = gelu(dense(x, f"{layer}.intermediate.dense"))
                x = normed(x + dense(inner, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
            return np.asarray(x.numpy(), np.float32)

    def _loaded(self) -> dict[str, Any]:
        """The weights as tensors, in float32 but for the table of tokens, of which few rows are read."""
        if self._weights is None:
            import torch

            self._weights = {
                name: torch.from_numpy(array)
                if "word_embeddings" in name
                else torch.from_numpy(array).float()
                for name, array in self._arrays.items()
            }
        return self._weights


def same_length_simplified(text: str) -> str:
    """The text in Simplified Chinese where that keeps the place of every character, else as it is."""
    simplified = to_simplified(text)
    return simplified if len(simplified) == len(text) else text


def tokens_in(offsets: Offsets, start: int, end: int) -> tuple[int, int]:
    """First and last (exclusive) token that overlaps the characters from `start` to `end`."""
    first = int(np.searchsorted(offsets[:, 1], start, side="right"))
    return first, max(first, int(np.searchsorted(offsets[:, 0], end, side="left")))


def windows_of(offsets: Offsets, cuts: Sequence[int], size: int) -> list[tuple[int, int]]:
    """Token ranges of at most `size` that together cover a text, cut where `cuts` (characters) allow."""
    count = len(offsets)
    allowed = [int(np.searchsorted(offsets[:, 0], cut)) for cut in cuts] if count > size else []
    found: list[tuple[int, int]] = []
    start = 0
    while count - start > size:
        end = max((a for a in allowed if start < a <= start + size), default=start + size)
        found.append((start, end))
        start = end
    if start < count:
        found.append((start, count))
    return found


def _batches(windows: Sequence[tuple[int, int, int]]) -> list[list[tuple[int, int, int]]]:
    """Windows in order of length, about `_BATCH` tokens each time."""
    batches: list[list[tuple[int, int, int]]] = []
    for window in windows:
        length = window[2] - window[1]
        if not batches or (len(batches[-1]) + 1) * length > _BATCH:
            batches.append([])
        batches[-1].append(window)
    return batches
