"""Comments a second of each step, beside SnowNLP and a model of BERT-base's size, on one core.

Seconds are those of the processor (time.process_time), with one thread, so that a busy machine gives the
same figures. The comments are the project's own; BERT's weights are random, which changes no speed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from itertools import islice

from rows import Row

COMMENTS, FOR_SLOW = 3_000, 200


def rows() -> list[Row]:
    from feedback_mining.pipeline.grouping import analyze_comments
    from feedback_mining.registry.models import load_models
    from feedback_mining.settings import Settings
    from feedback_mining.text.clean import normalise
    from feedback_mining.text.segment import Engine, Segmenter
    from feedback_mining.text.split import clauses

    texts = _texts()
    models = load_models()
    reader, encoder = models.comments, models.encoder
    quick, reference = Segmenter(), Segmenter(engine=Engine.JIEBA)
    for segmenter in (quick, reference):
        segmenter.words("载入词典")
    clean = [normalise(text) for text in texts]
    reader.analyse([("warm", texts[0])])
    analyze_comments([("warm", texts[0])], Settings())
    steps: list[tuple[str, Callable[[], object], str]] = [
        ("clean", lambda: [normalise.__wrapped__(text) for text in texts], "–"),
        ("split into clauses", lambda: [clauses(text) for text in texts], "–"),
        (
            "segment",
            lambda: [quick.words(text) for text in clean],
            _rate(lambda: [reference.words(t) for t in clean], clean),
        ),
        ("encode", lambda: encoder.encode(texts), "–"),
        ("classify (all of the above, units, labels, signals)", lambda: reader.analyse(_pairs(texts)), "–"),
        ("all, with grouping into demands", lambda: analyze_comments(_pairs(texts), Settings()), "–"),
    ]
    goals = {"encode": "20,000 on two cores"}
    mean = sum(map(len, texts)) / len(texts)
    note = f"{len(texts):,} comments of {mean:.0f} characters on average; one core"
    found = []
    for name, act, beside in steps:
        normalise.cache_clear()
        floor = f"{beside} (jieba)" if name == "segment" else beside
        found.append(Row("comments a second", name, _rate(act, texts), floor, goals.get(name, "–"), note))
    return [*found, *_peers(texts, note)]


def _peers(texts: Sequence[str], note: str) -> list[Row]:
    some = texts[:: max(1, len(texts) // FOR_SLOW)]
    if find_spec("snownlp"):
        from snownlp import SnowNLP

        SnowNLP("载入词典").sentiments  # noqa: B018
        snow = _rate(lambda: [SnowNLP(text).sentiments for text in some], some)
    else:
        snow = "not installed: pip install 'feedback_mining[bench]'"
    return [
        Row("comments a second", "SnowNLP, sentiment of the comment alone", snow, held_out=note),
        Row("comments a second", "BERT-base, one reading of the comment", _bert(some), held_out=note),
    ]


def _bert(texts: Sequence[str]) -> str:
    import torch
    from transformers import BertConfig, BertModel

    torch.set_num_threads(1)
    torch.manual_seed(20)
    model = BertModel(BertConfig(vocab_size=21_128)).eval()
    lengths = sorted(min(512, len(text) + 2) for text in texts)
    batches = [lengths[k : k + 16] for k in range(0, len(lengths), 16)]

    def read() -> None:
        for batch in batches:
            ids = torch.randint(1, 21_128, (len(batch), batch[-1]))
            mask = torch.arange(batch[-1])[None] < torch.tensor(batch)[:, None]
            model(input_ids=ids, attention_mask=mask.long())

    with torch.inference_mode():
        return _rate(read, texts)


def _texts() -> list[str]:
    from feedback_mining.resources import data_dir

    lines = (
        json.loads(line)["text"]
        for path in sorted((data_dir() / "labels" / "seed").glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").split("\n")
        if line.strip()
    )
    return list(islice(lines, 0, None, 3))[:COMMENTS]


def _pairs(texts: Sequence[str]) -> list[tuple[str, str]]:
    return [(str(number), text) for number, text in enumerate(texts)]


def _rate(act: Callable[[], object], texts: Sequence[str]) -> str:
    start = time.process_time()
    act()
    return f"{len(texts) / (time.process_time() - start):,.0f}"
