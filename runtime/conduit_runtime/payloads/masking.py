"""Hides the sensitive values of stored payloads from people who look at jobs."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..model.lanes import original
from ..model.text.masking import MASK, Masker
from ..model.type_description import FieldShape, KnownShape
from .sensitive import texts_in

_MOST = 5_000
"""The most hidden values that a text is searched for; with more, the whole text is hidden."""


@dataclass(slots=True)
class _Node:
    """All known shapes of a field, merged. `item` is every item of an array or a hash."""

    is_sensitive: bool = False
    fields: dict[str, "_Node"] = field(default_factory=dict)
    item: "_Node | None" = None

    def at(self, step: str) -> "_Node | None":
        return self.fields.get(step) or self.item

    @property
    def is_leaf(self) -> bool:
        return not self.fields and self.item is None


class PayloadMask:
    """Decides which values of a job's payload are hidden.

    `shapes` are all that workers have described of the job's type. A value is hidden if one of them
    marks its field as sensitive. If none of them is the job's own shape, fields that none of them
    names are hidden too: the source may mark them. A payload without a fingerprint was written by
    hand.
    """

    def __init__(self, shapes: Sequence[KnownShape], fingerprint: str) -> None:
        shape = original(fingerprint)
        self._root = _Node()
        self._steps: dict[str, _Node] = {}
        for each in shapes:
            _add_fields(self._root, each.fields)
            for step, fields in each.steps.items():
                _add_fields(self._steps.setdefault(step, _Node()), fields)
        self._is_generated = any(each.fingerprint for each in shapes)
        self._takes_any = any(each.fingerprint == "" for each in shapes)
        self.is_known = shape == "" or any(each.fingerprint == shape for each in shapes)
        """Whether a worker has described this shape; if not, a page tells why values are hidden."""
        self._last: tuple[Any, Masker | None] = (None, Masker(()))

    @property
    def hides_some(self) -> bool:
        """Whether any payload of this type and shape can have hidden values."""
        return not self.is_known or _holds_sensitive(self._root)

    def payload(self, payload: Any) -> Any:
        """The payload with `[sensitive]` for each hidden value."""
        try:
            return self._masked(payload, self._root)
        except RecursionError:  # typed by hand: it is deeper than a job may be
            return MASK

    def step(self, name: str, value: Any, payload: Any) -> Any:
        """What a step of a job has stored, without the payload's hidden values.

        Of a generated block, sensitive fields are hidden, and so are those of steps that no worker
        has described.
        """
        node = self._steps.get(name, _Node())
        try:
            if self._is_generated or not self.is_known:
                value = self._masked_step(value, node)
        except RecursionError:
            return MASK
        return self.value(value, payload)

    def _masked_step(self, value: Any, node: _Node) -> Any:
        if value is None:
            return None
        if not isinstance(value, Mapping):
            return MASK
        return {
            key: self._masked_step(each, inner)
            if (inner := node.fields.get(key)) is not None and inner.fields
            else MASK
            if inner is None
            else self._masked(each, inner)
            for key, each in value.items()
        }

    def texts(self, payload: Any) -> Collection[str]:
        """The hidden values of a payload as texts."""
        return set(self._hidden(payload, self._root))

    def text(self, text: str, payload: Any) -> str:
        """A text, such as an error or a traceback, without the payload's hidden values."""
        masker = self._masker(payload)
        return MASK if masker is None else masker.mask(text)

    def value(self, value: Any, payload: Any) -> Any:
        """A value of JSON, such as progress or a result, without the payload's hidden values."""
        masker = self._masker(payload)
        try:
            return MASK if masker is None else _without(value, masker)
        except RecursionError:
            return MASK

    def _masker(self, payload: Any) -> Masker | None:
        """The masker of the payload's hidden values; None if these are too many or too deep.

        That of the last payload is kept, since a page masks many texts of a job.
        """
        known, masker = self._last
        if known is not payload:
            try:
                texts = self.texts(payload)
                masker = Masker(texts) if len(texts) <= _MOST else None
            except RecursionError:
                masker = None
            self._last = payload, masker
        return masker

    def refuses_search(self, path: Iterable[str]) -> bool:
        """Whether a search by this field, named from the outermost, could reveal a hidden value.

        It could if the field holds a sensitive one, or if no shape names the field.
        """
        node = self._root
        for step in path:
            found = node.at(step)
            if found is None:
                return not (self._takes_any if node is self._root else node.is_leaf)
            if found.is_sensitive:
                return True
            node = found
        return _holds_sensitive(node)

    def _masked(self, value: Any, node: _Node | None) -> Any:
        if self._is_hidden(value, node):
            return MASK
        if isinstance(value, Mapping):
            return {key: self._masked(each, node and node.at(key)) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self._masked(each, node and node.item) for each in value]
        return value

    def _hidden(self, value: Any, node: _Node | None) -> Iterator[str]:
        if self._is_hidden(value, node):
            yield from texts_in(value)
        elif isinstance(value, Mapping):
            for key, each in value.items():
                yield from self._hidden(each, node and node.at(key))
        elif isinstance(value, list | tuple):
            for each in value:
                yield from self._hidden(each, node and node.item)

    def _is_hidden(self, value: Any, node: _Node | None) -> bool:
        if node is None:
            return not self.is_known
        if node is self._root and not isinstance(value, Mapping):  # typed by hand
            return self.hides_some
        return node.is_sensitive


def _add_fields(node: _Node, fields: Mapping[str, FieldShape]) -> None:
    for name, shape in fields.items():
        _add(node.fields.setdefault(name, _Node()), shape)


def _add(node: _Node, shape: FieldShape) -> None:
    node.is_sensitive |= shape.sensitive
    _add_fields(node, shape.fields)
    if shape.item is not None:
        node.item = node.item or _Node()
        _add(node.item, shape.item)


def _holds_sensitive(node: _Node) -> bool:
    inner = [*node.fields.values(), *([node.item] if node.item else [])]
    return any(each.is_sensitive or _holds_sensitive(each) for each in inner)


def _without(value: Any, masker: Masker) -> Any:
    if isinstance(value, Mapping):
        return {masker.mask(key): _without(each, masker) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without(each, masker) for each in value]
    if isinstance(value, str):
        return masker.mask(value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return MASK if is_number and str(value) in masker.texts else value
