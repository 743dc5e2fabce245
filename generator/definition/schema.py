"""JSON Schemas (2020-12) of the files that people write, for editors and for the reference."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from pydantic.json_schema import GenerateJsonSchema

from ..settings import SETTINGS
from ..values import SLUG
from .library_models import NIGHT, LibraryFile
from .models import PoseFile, RoutineFile
from .program_models import MAX_REPEAT, ProgramFile
from .validation import FileModel

Kind = Literal["routine", "pose", "library", "program"]
KINDS: tuple[Kind, ...] = ("routine", "pose", "library", "program")
MODELS: Mapping[Kind, type[FileModel]] = {
    "routine": RoutineFile,
    "pose": PoseFile,
    "library": LibraryFile,
    "program": ProgramFile,
}
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(kind: Kind) -> dict[str, Any]:
    """The schema of a kind of file, with a description of every key.

    Editors read YAML 1.2, so numbers are allowed where we read the text as written.
    """
    written = MODELS[kind].model_json_schema(by_alias=True, schema_generator=_Generator)
    written.pop("title", None)
    result = {"$schema": DIALECT, "title": f"sleepward {kind}", **_without_null(written)}
    if kind == "routine":
        result["properties"] |= {name: info.schema() for name, info in SETTINGS.items()}
    if kind == "library":
        _add_axes(result)
    if kind == "program":
        _add_nights(result)
    return result


def schema_text(kind: Kind) -> str:
    """The schema as the text of its file."""
    return json.dumps(schema(kind), indent=2, ensure_ascii=False) + "\n"


def _add_axes(library: dict[str, Any]) -> None:
    """Add what stands below a library's keys: settings, and the tracks to build."""
    settings = {name: info.schema() for name, info in SETTINGS.items()}
    routine = {"type": "string", "pattern": f"^{SLUG}$", "description": "A routine's name."}
    known = {"routine": routine, **settings}
    library["$defs"] = known | {_axis_key(name): _axis(name) for name in known}
    one = {name: {"$ref": f"#/$defs/{name}"} for name in known}
    axes = {name: {"$ref": f"#/$defs/{_axis_key(name)}"} for name in known}
    track = {
        "script": {"type": "string", "description": "A script's file, below this folder."},
        "name": {"type": "string", "description": "What its file is called, without the ending."},
    }
    keys = library["properties"]
    _set_properties(keys["defaults"], {name: one[name] for name in settings})
    _set_properties(keys["matrix"], axes, required=["routine"])
    _set_properties(keys["include"]["items"], axes, required=["routine"])
    _set_properties(keys["exclude"]["items"], axes)
    _set_properties(keys["tracks"]["items"], one | track, anyOf=[{"required": ["routine"]}, {"required": ["script"]}])


def _add_nights(program: dict[str, Any]) -> None:
    """Add what stands in a programme's nights: settings and a routine."""
    number = {"type": "integer", "minimum": 1, "maximum": MAX_REPEAT}
    night = {
        "routine": {"type": "string", "pattern": f"^{SLUG}$", "description": "A routine's name."},
        "repeat": {
            "description": "For how many nights it stays the same.",
            "anyOf": [number, {"type": "string", "pattern": "^[0-9]+$"}],
        },
        "note": {"type": "string", "description": "Shown beside the night."},
        "say": {"type": "string", "description": "What is said that night, after the greeting."},
    }
    settings = {name: info.schema() for name, info in SETTINGS.items()}
    _set_properties(program["properties"]["nights"]["items"], night | settings, required=["routine"])


def _set_properties(holder: dict[str, Any], properties: dict[str, Any], **more: Any) -> None:
    holder |= {"properties": properties, "additionalProperties": False, **more}


def _axis_key(name: str) -> str:
    return f"several_{name}"


def _axis(name: str) -> dict[str, Any]:
    """One value or several; for nights also a range."""
    one: dict[str, Any] = {"$ref": f"#/$defs/{name}"}
    if name == NIGHT:
        one = {"anyOf": [one, {"type": "string", "pattern": "^[0-9]+ *[-–] *[0-9]+$"}]}
    return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1, "uniqueItems": True}]}


class _Generator(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def sort(self, value: Any, parent_key: str | None = None) -> Any:
        return value


def _without_null(node: Any) -> Any:
    """Remove null from the schema: a key may be left out, but an empty one is an empty text."""
    if isinstance(node, list):
        return [_without_null(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: _without_null(value) for key, value in node.items() if not (key == "default" and value is None)}
    ways = [way for way in node.get("anyOf", []) if way != {"type": "null"}]
    if "anyOf" not in node or len(ways) == len(node["anyOf"]):
        return node
    rest = {key: value for key, value in node.items() if key != "anyOf"}
    return {**rest, **ways[0]} if len(ways) == 1 else {**rest, "anyOf": ways}
