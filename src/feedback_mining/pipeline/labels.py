"""What people's labels in a store come to, for training and for mining."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from feedback_mining.classification.labelling import HumanLabel, LabelledComment, LabelledUnit, in_force
from feedback_mining.records import Comment, Unit
from feedback_mining.storage import Store


def labelled_comments(store: Store, product: str | None = None) -> list[LabelledComment]:
    """People's labels, one record a text, by id and text; `product` adds texts that belong to no product.

    Where only single units were corrected, `whole` is False and the others are not among `units`. Words of
    a comment that was edited since stay with the label that was given to them.
    """
    found = [
        LabelledComment(
            id=label.comment or f"text:{label.text_sha256[:16]}",
            text=label.text,
            units=label.units,
            signals=label.signals or (),
            with_demands=label.with_demands,
            whole=label.whole,
            author=label.author,
            time=label.time,
        )
        for label in in_force(store.labels(product))
    ]
    return sorted(found, key=lambda c: (c.id, c.text))


def labels_of(comments: Iterable[Comment], labels: Iterable[HumanLabel]) -> Mapping[str, HumanLabel]:
    """Comment id → the label in force of its present words; `labels` oldest first, `comments` of one product."""
    texts = {comment.id: (comment.product, comment.text) for comment in comments}
    return {
        label.comment: label
        for label in in_force(labels)
        if label.comment in texts and texts[label.comment] == (label.product, label.text)
    }


def as_labelled(unit: Unit) -> LabelledUnit:
    """A model's unit as a suggestion to an annotator."""
    return LabelledUnit(unit.start, unit.end, str(unit.intent), unit.theme, str(unit.sentiment))
