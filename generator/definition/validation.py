"""Pydantic's errors turned into faults at their places, in words for the writer of the file."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from ..errors import did_you_mean
from ..yaml_source import Loc, Node, YamlSource


class FileModel(BaseModel):
    """The keys of a file or of a mapping in it. Faults call it `called`; `parts` are the models of mappings below."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    called: ClassVar[str] = "the file"
    shape: ClassVar[str] = "this must have keys: write lines like 'key: value'"
    parts: ClassVar[dict[str, type[FileModel]]] = {}

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """Its keys, as files have them."""
        return tuple(field.alias or name for name, field in cls.model_fields.items())


_M = TypeVar("_M", bound=FileModel)


def invalid(message: str, *, word: str = "", known: Sequence[str] = (), at: str | int = "") -> PydanticCustomError:
    """A fault to raise. For a `word` that isn't `known` similar ones are suggested; `at` is another key to point at."""
    return PydanticCustomError("fault", "{message}", {"message": message, "word": word, "known": known, "at": at})


def one_line(value: str) -> str:
    return " ".join(value.split())


def quoted(text: str) -> str:
    """`text` in quotes, shortened, for a fault."""
    text = one_line(text)
    return f"'{text}'" if len(text) <= 60 else f"'{text[:59]}…'"


def validated(
    model: type[_M], data: dict[str, Any], source: YamlSource, context: object = None, more_keys: Collection[str] = ()
) -> _M | None:
    """`data` as the model; None if it has faults, which the source records. The file may have `more_keys`, too."""
    try:
        return model.model_validate(data, context=context)
    except ValidationError as errors:
        found = [(_node_of(error, source), error) for error in errors.errors(include_url=False, include_input=False)]
        for node, error in sorted(found, key=lambda item: item[0].start):
            if not node.broken:
                source.fault(node.start, "" if source.full else _message(error, model, source, more_keys))
        return None


def _node_of(error: ErrorDetails, source: YamlSource) -> Node:
    """The node to point at: the value, the unknown key, or the mapping that lacks something."""
    loc: Loc = error["loc"]
    at = error.get("ctx", {}).get("at", "")
    if isinstance(at, int):
        loc = (*loc, at)
    elif at:
        loc = (*loc[:-1], at)
    if error["type"] == "extra_forbidden":
        return source.key(loc) or source.root
    return source.find(loc) or source.find(loc[:-1]) or source.root


_MESSAGES = {  # by pydantic's type of error
    "missing": "{key} is missing: {owner} needs it, so add it",
    "string_type": "{key} must be text, not a list or keys: a text with ': ' or brackets in it needs quotes",
    "string_too_long": "{key} has more than {max_length} characters, the most there can be: shorten it",
    "list_type": "{key} must be a list: write [one, two], or each entry on a line of its own after '- '",
    "dict_type": "{key} must have keys below it: write lines like 'key: value'",
    "model_type": "{shape}",
    "too_short": "{key} is empty: write at least one",
    "too_long": "{key} has more than {max_length} entries, the most there can be: leave some out",
}


def _message(error: ErrorDetails, model: type[FileModel], source: YamlSource, more_keys: Collection[str]) -> str:
    """What is wrong and what to do, for one of our faults or an error of pydantic's."""
    loc, context = error["loc"], error.get("ctx", {})
    owner = _part_at(model, loc[:-1])
    if error["type"] == "extra_forbidden":
        known = (*owner.keys(), *more_keys) if len(loc) == 1 else owner.keys()
        return f"{quoted(str(loc[-1]))} isn't a key here; {did_you_mean(str(loc[-1]), known)}"
    if error["type"] == "fault" and context["word"]:
        return f"{context['message']}; {did_you_mean(context['word'], context['known'])}"
    template = _MESSAGES.get(error["type"])
    if template is None:
        return error["msg"]
    shown = loc if error["type"] == "missing" or source.find(loc) else loc[:-1]  # a short form stands for its key
    key = f"'{shown[-1]}'" if shown and isinstance(shown[-1], str) else "this entry"
    return template.format(key=key, owner=owner.called, shape=_part_at(model, loc).shape, **context)


def _part_at(model: type[FileModel], loc: Sequence[int | str]) -> type[FileModel]:
    for name in loc:
        if isinstance(name, str):
            model = model.parts.get(name, model)
    return model
