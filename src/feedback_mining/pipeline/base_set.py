"""Annotated products → the base set: what models say of units whose product they were not trained on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from feedback_mining.classification.classifier import CommentModel
from feedback_mining.classification.correction import Floats, log_chances
from feedback_mining.classification.features import Featuriser
from feedback_mining.classification.labelling import LabelledComment
from feedback_mining.classification.rehearsal import BaseSet, positions, quantised
from feedback_mining.classification.training import TASKS
from feedback_mining.evaluation.judge import calibration_error, threshold_for
from feedback_mining.registry.versions import POINTER
from feedback_mining.text.clean import normalise

_BATCH = 2000


def unseen_chances(
    models_by_fold: Iterable[tuple[CommentModel, Sequence[LabelledComment]]],
    classes: Mapping[str, Sequence[str]],
) -> dict[tuple[str, str], dict[str, Floats]]:
    """Comment id and text → task → `(units, classes)`: what each fold's model says of the comments held out from it.

    A class that a model does not know is never probable to it.
    """
    found: dict[tuple[str, str], dict[str, Floats]] = {}
    for model, comments in models_by_fold:
        for start in range(0, len(comments), _BATCH):
            some = [c for c in comments[start : start + _BATCH] if c.units]
            _, chances = model.unit_chances([c.text for c in some], places_of(some))
            ends = np.cumsum([len(c.units) for c in some])[:-1]
            for task in TASKS:
                wanted = _reordered(chances[task], model.heads[task].classes, classes[task])
                for comment, part in zip(some, np.split(wanted, ends), strict=True):
                    found.setdefault((comment.id, comment.text), {})[task] = part
    return found


def places_of(comments: Sequence[LabelledComment]) -> list[tuple[int, int, int]]:
    """Comment, start and end of every annotated unit, in order."""
    return [(k, u.start, u.end) for k, c in enumerate(comments) for u in c.units]


def _reordered(chances: Floats, given: Sequence[str], wanted: Sequence[str]) -> Floats:
    found = np.zeros((len(chances), len(wanted)), np.float32)
    for k, place in enumerate(positions(given, wanted)):
        if place >= 0:
            found[:, place] = chances[:, k]
    return found


def build_base_set(
    version: str,
    products: Mapping[str, Sequence[LabelledComment]],
    chances: Mapping[tuple[str, str], Mapping[str, Floats]],
    classes: Mapping[str, Sequence[str]],
    featuriser: Featuriser,
) -> BaseSet:
    """Pack what `products` hold; nothing of their words is kept.

    version: of the base models; chances: comment id and text → task → `(units, classes)`, from models that were not
    trained on its product (`unseen_chances`); classes: task → the columns of `chances`.
    """
    names = sorted(products)
    products = {name: [c for c in products[name] if c.units] for name in names}
    comments = [c for name in names for c in products[name]]
    units = [u for c in comments for u in c.units]
    encoder, config = featuriser.encoder, featuriser.config
    spans = [normalise(c.text[u.start : u.end]) for c in comments for u in c.units]
    return BaseSet(
        version=version,
        products=tuple(names),
        classes={task: tuple(classes[task]) for task in TASKS},
        quantised=quantised(encoder.encode(spans)),
        contexts=quantised(encoder.encode([normalise(c.text) for c in comments])),
        comment=np.array([k for k, c in enumerate(comments) for _ in c.units], np.int32),
        product=np.array([k for k, name in enumerate(names) for _ in products[name]], np.int16),
        logs={
            task: log_chances(np.vstack([chances[c.id, c.text][task] for c in comments])).astype(np.float16)
            for task in TASKS
        },
        labels={
            task: positions([getattr(u, task) for u in units], classes[task]).astype(np.int8)
            for task in TASKS
        },
        loads=_loads(comments, featuriser).astype(np.float16),
        facts={
            "encoder": encoder.version,
            "vector_weight": config.vector_weight,
            "context_vector_weight": config.context_vector_weight,
        },
    )


def _loads(comments: Sequence[LabelledComment], featuriser: Featuriser) -> NDArray[np.float64]:
    total = np.zeros(featuriser.columns)
    for start in range(0, len(comments), _BATCH):
        some = comments[start : start + _BATCH]
        owner = [k for k, c in enumerate(some) for _ in c.units]
        if owner:
            spans = [c.text[u.start : u.end] for c in some for u in c.units]
            rows = featuriser.transform(spans, [c.text for c in some], owner)
            total += np.asarray(rows.multiply(rows).sum(axis=0)).ravel()
    return total


def certainty(model: CommentModel, base: BaseSet, precision: float = 0.8) -> dict[str, float]:
    """From which confidence on `precision` of the units have all three labels right, and how calibrated it is.

    model: decides the labels from the base set's probabilities, given by models that had not seen the products.
    """
    *names, confidence = model.labels({task: base.chances(task) for task in TASKS})
    right = np.ones(len(base), bool)
    for task, said in zip(("intent", "theme", "sentiment"), names, strict=True):
        right &= positions(said, base.classes[task]) == base.labels[task]
    threshold, share, reached = threshold_for(confidence, right, precision)
    found = {
        "precision": precision,
        "threshold": round(threshold, 4),
        "share": round(share, 4),
        "all_right": round(float(right.mean()), 4),
        "ece": calibration_error(confidence, right),
    }
    return found | ({} if np.isnan(reached) else {"reached": round(reached, 4)})


def save_base_set(base: BaseSet, out: Path, model: CommentModel) -> Path:
    """Write `out/base/<version>` with its card, and return the folder. model: the one whose base set it is."""
    base = replace(base, facts={**base.facts, "certainty": certainty(model, base)})
    folder = out / "base" / base.version
    base.save(folder)
    counts = np.bincount(base.product, minlength=len(base.products))
    rows = "\n".join(f"| {n} | {k:,} |" for n, k in zip(base.products, counts.tolist(), strict=True))
    right = {
        task: float((base.logs[task].argmax(axis=1) == base.labels[task]).mean()) for task in base.classes
    }
    (folder / "metrics.json").write_text(
        json.dumps(
            {"units": len(base), "accuracy_out_of_fold": right, "certainty": base.facts["certainty"]},
            indent=1,
        )
        + "\n",
        encoding="utf-8",
    )
    scores = "、".join(f"{task} {value:.3f}" for task, value in right.items())
    scores += (
        "\n\n三个标签都对的占 {all_right:.3f}；把握（三个标签都对的概率）的校准误差 ECE {ece:.3f}。".format(
            **base.facts["certainty"]
        )
    )
    scores += "\n把握不低于 {threshold:.3f} 的单元占 {share:.3f}，其中 {precision:.2f} 三个标签都对；低于它的算“没把握”。".format(
        **base.facts["certainty"]
    )
    pointer = out / POINTER
    if pointer.exists():  # the models that it belongs to are these
        versions = json.loads(pointer.read_text(encoding="utf-8")) | {"base": base.version}
        pointer.write_text(json.dumps(versions, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    (folder / "card.md").write_text(_CARD.format(version=base.version, units=len(base), rows=rows, scores=scores,
                                                 encoder=base.facts["encoder"]), encoding="utf-8")  # fmt: skip
    return folder


_CARD = """# base {version}

基础训练集的向量形式：团队用自己的标注再训练时拿它复习，使原来会的不变差，并用它报告“在别的产品上付出了什么”。

## 数据与来源

共 {units:,} 个标注的观点单元，来自：

| 产品 | 评论数 |
| --- | --- |
{rows}

每个单元只有：观点和整条评论的句向量（{encoder}，int8）、没见过该产品的模型给出的对数概率（float16）、三个标签、所属产品。
不含原文和词表；n 元哈希只有全部单元之和，没有逐条的。句向量是词向量的平均，理论上可以猜出部分词语，不能还原句子；请不要当作完全匿名的数据。

## 许可说明

真实评论来自公开数据集，多数未声明许可，只用于研究与评测；这里只有由其导出的数。随项目以 Apache-2.0 发布。

## 没见过的产品上的准确率（给定切分，各任务单独取最大概率）

{scores}

## 已知弱点

复习只看得到句向量的部分，看不到字词特征的部分；“别处的代价”因此是近似值。

## 生成

```
python -m flows.retrain --base <标注文件…>
```
"""
