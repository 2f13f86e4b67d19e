"""The card that every trained version carries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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


def correction_card(metrics: Mapping[str, Any]) -> str:
    """Markdown card of a team's correction, from its metrics.json."""
    labels, after, before = metrics["labels"], metrics["challenger"], metrics["champion"]
    test, away = metrics["comparison"], metrics["elsewhere"]
    authors = "\n".join(f"| {name} | {count:,} |" for name, count in metrics["authors"].items())
    rows = "\n".join(
        f"| {c['name']} | {c['support']:,} | {_figure(c['precision'])} | {_figure(c['recall'])} | {_figure(c['f1'])} |"
        for c in after["classes"]
    )
    weak = [c["name"] for c in after["classes"] if c["support"] < _FEW]
    base = "、".join(f"{name} {version}" for name, version in metrics["base"].items())
    elsewhere = (
        f"在基础训练集的产品上（只看句向量部分，复习时没见过该产品）准确率变化 {_figure(away['difference'], signed=True)}。"
        if away
        else "没有基础训练集，未能测量在别的产品上的代价。"
    )
    return f"""# {metrics["task"]} {metrics["version"]}

判断{_TASKS[metrics["task"]]}。团队自己的标注对基础模型（{base}）的修正：
p = softmax(log p₀ + Δx + b)，带偏移的多项逻辑回归，L2 惩罚 {metrics["penalty"]}；只有标注里出现过的特征有权重，Δ = 0 即基础模型。

## 数据与来源

来自 {"、".join(metrics["from"])}{f"，产品 {metrics['product']}" if metrics["product"] else ""}{f"，标注截至 {metrics['labels_until']}" if metrics["labels_until"] else ""}。
{labels["comments"]:,} 条评论的 {labels["units"]:,} 个观点单元（近重复归并后 {labels["groups"]:,} 组）；同时复习基础训练集 {labels["rehearsed_units"]:,} 个单元的向量。

| 标注者 | 评论数 |
| --- | --- |
{authors}

由人按标注规范标注；每条取最新的一次。“?”是文件里没写标注者的。

## 许可说明

标注和评论属于使用者；本版本只含由其导出的权重和逐条的概率（评论以哈希表示），不含原文。基础模型见其自己的卡片。

## 留出的成绩

按近重复分组的 {metrics["folds"]} 折交叉拟合（随机种子 {metrics["seed"]}）：每个单元都由没见过它所在评论、也没见过其近重复的修正来判断；惩罚在各折的训练部分内选。
括号内为按评论自助重采样的 95% 区间。

| | 准确率 | 宏平均 F1 | ECE |
| --- | --- | --- | --- |
| 在用的 {metrics["champion_version"]} | {_figure(before["accuracy"])} | {_figure(before["macro_f1"])} | {before["ece"]:.3f} |
| 本版本 | {_figure(after["accuracy"])} | {_figure(after["macro_f1"])} | {after["ece"]:.3f} |

准确率之差 {_figure(test["difference"], signed=True)}，p = {test["p"]:.4f}（配对自助法，{test["units"]:,} 个单元）；McNemar p = {test["mcnemar_p"]:.4f}。
{elsewhere}

| 类别 | 支持数 | 精确率 | 召回率 | F1 |
| --- | --- | --- | --- | --- |
{rows}

## 已知弱点

- {f"标注少于 {_FEW} 个的类别，数字不可靠：{'、'.join(weak)}。" if weak else f"每个类别都有至少 {_FEW} 个标注。"}
- 成绩只代表这些标注所来自的产品。
- 观点的切分仍由基础模型决定。

## 训练

```
feedback-mining train {metrics["task"]}
```
"""


_FEW = 20


def _figure(estimate: Mapping[str, float | None], signed: bool = False) -> str:
    value, low, high = (estimate[name] for name in ("value", "low", "high"))
    if value is None or low is None or high is None:
        return "–"
    form = "+.3f" if signed else ".3f"
    return f"{value:{form}}（{low:{form}} 至 {high:{form}}）"
