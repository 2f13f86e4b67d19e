"""The card that every trained version carries."""

from __future__ import annotations

from collections.abc import Mapping

_TASKS = {
    "intent": "一个观点单元的意图（建议、缺陷、抱怨、表扬、咨询、其他）",
    "theme": "一个观点单元的主题（data/taxonomy/default.yaml）",
    "sentiment": "一个观点单元的情感（负面、中性、正面）",
    "splitter": "每个分句是开始一个观点单元、接着上一个，还是不含观点",
    "specific": "一个可行动的观点是否具体到可以成为一张工单",
    "title": "一句话的写法像不像工单标题（正例是标注的诉求名和通用诉求目录的标题，反例是用户原话）",
    "signal-advocacy": "整条评论是否在推荐产品",
    "signal-churn": "整条评论是否表示离开、卸载、劝退",
    "signal-helping": "整条评论是否在帮助其他用户",
}


def card(
    task: str, version: str, data: Mapping[str, int], scores: Mapping[str, float], facts: Mapping[str, object]
) -> str:
    """Markdown: what it is, data and provenance, licence remarks, held-out metrics, weaknesses, command."""
    rows = "\n".join(f"| {name} | {count:,} |" for name, count in data.items())
    figures = "\n".join(f"| {name} | {score:.3f} |" for name, score in scores.items()) or "| 未评测 | – |"
    more = "\n".join(f"- {name}：{value}" for name, value in facts.items())
    return f"""# {task} {version}

判断{_TASKS.get(task, task)}。线性模型（scikit-learn `LinearSVC`，概率由温度校准），
特征为字 1–4 元、词 1–2 元的哈希、整条评论的字 1–2 元，以及句向量；权重为 float16 safetensors，不含任何用户原文或词表。

## 数据与来源

| 标注文件 | 评论数 |
| --- | --- |
{rows}

真实评论由单人阅读并按标注规范标注；`seed` 为本项目自写语料，训练时权重较低。

## 许可说明

真实评论来自公开数据集，多数未声明许可，只用于研究与评测；本模型只含由其导出的权重，不含原文。模型权重随项目以 Apache-2.0 发布，
使用者请自行判断训练数据来源是否合适自己的场景。

## 在未参与训练的产品上的成绩（整个流程，评论级 F1）

按产品分折，每一折的产品都不在分类器的训练之内；共用的句向量见过这些产品的诉求分组（没见过意图、主题、情感标签），成绩可能略偏高。intent、theme、sentiment 为每条评论标签集合的 micro-F1；unit_all 要求切分和三个标签全对。

| 指标 | F1 |
| --- | --- |
{figures}

## 已知弱点

- 反讽、反问和极短的评论（少于 4 个字）容易判错。
- 训练数据里家居、商城、支付、游戏类应用居多；医疗、教育、政务等领域没有真实标注。
- 概率在未见过的领域偏自信。

## 训练

{more}

```
python -m flows.retrain <标注文件…>
```
"""
