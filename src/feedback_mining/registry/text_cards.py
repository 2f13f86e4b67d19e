"""The card of a model that was trained on plain files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_FIGURES = {
    "accuracy": "准确率",
    "micro_f1": "标签 micro-F1",
    "label_and_sentiment_micro_f1": "（标签，情感）micro-F1",
}


def text_model_card(task: str, scores: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    """Markdown: what it reads, what it was trained on, cross-validated figures, what it needs."""
    figures = "\n".join(f"| {zh} | {scores[name]:.3f} |" for name, zh in _FIGURES.items() if name in scores)
    designs = "\n".join(f"| {name} | {score:.3f} |" for name, score in scores["designs"].items())
    table = "\n".join(
        f"| {label} | {row['n']} | {row['precision']:.3f} | {row['recall']:.3f} | {row['f1']:.3f} |"
        for label, row in scores["by_label"].items()
    )
    data = "\n".join(f"| {name} | `{digest[:16]}` |" for name, digest in facts["data"].items())
    return f"""# {task}

对整条文本分类：{scores["texts"]:,} 条文本，{scores["labels"]} 个标签。线性模型（scikit-learn `LinearSVC`，每个标签一个，概率经校准），
特征为字 1–4 元、词 1–2 元的哈希和句向量；权重为 float16 safetensors，不含原文和词表。

## 成绩（交叉验证）

近重复的文本总在同一折。方案和阈值也是由这些折选出的，所以成绩略偏高；要知道真实成绩，请留出一份文件用 `predict` 去测。

| 指标 | 成绩 |
| --- | --- |
{figures}

被判为错标而不用于训练的行：{scores.get("left_out", 0)}。

试过的方案：

| 方案 | 成绩 |
| --- | --- |
{designs}

| 标签 | 条数 | 精确率 | 召回率 | F1 |
| --- | ---: | ---: | ---: | ---: |
{table}

## 数据

| 文件 | SHA-256 |
| --- | --- |
{data}

## 需要

- 句向量：{"、".join(facts["encoders"])}
- 词典：{facts["dictionary"]}
- 主题体系：{facts["taxonomy"] or "无"}
- 程序版本：{facts["code"]}，随机种子：{facts["seed"]}
"""
