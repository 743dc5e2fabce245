"""Tiny models that Piper's and Kokoro's own libraries load: each phoneme hums at a height of its own.

The real ones are 60 to 300 MB and can't be had without a download.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

PIPER_RATE_HZ = 22_050
SAMPLES = 1_600  # of a phoneme, at the model's own speed
SILENT_IDS = 3  # the lowest ids are padding, beginning and end


def tiny_piper(folder: Path) -> Path:
    """``voice.onnx`` and ``voice.onnx.json``: two speakers, of whom the second hums lower."""
    from onnx import TensorProto, helper

    inputs = [
        helper.make_tensor_value_info("input", TensorProto.INT64, [1, "phonemes"]),
        helper.make_tensor_value_info("input_lengths", TensorProto.INT64, [1]),
        helper.make_tensor_value_info("scales", TensorProto.FLOAT, [3]),
        helper.make_tensor_value_info("sid", TensorProto.INT64, [1]),
    ]
    nodes = [
        helper.make_node("Slice", ["scales", "one", "two", "zero"], ["length"]),
        helper.make_node("Cast", ["sid"], ["speaker"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["speaker", "lower"], ["lowered"]),
        helper.make_node("Sub", ["unit", "lowered"], ["height"]),
        *_hums("input", helper, TensorProto),
        helper.make_node("Reshape", ["sound", "piper_shape"], ["output"]),
    ]
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 1, 1, "samples"])
    more = {"zero": np.array([0]), "one": np.array([1]), "two": np.array([2]), "lower": np.float32([0.3])}
    more |= {"unit": np.float32([1.0]), "piper_shape": np.array([1, 1, 1, -1])}
    _save(folder / "voice.onnx", nodes, inputs, output, more)
    symbols = ["_", "^", "$", *" !'(),-.:;?abcdefghijklmnopqrstuvwxyzæðŋɐɑɔəɚɛɜɡɪɹɾʃʊʌʒˈˌː͡θᵻ"]
    config = {
        "audio": {"sample_rate": PIPER_RATE_HZ},
        "espeak": {"voice": "en-us"},
        "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
        "phoneme_type": "espeak",
        "phoneme_id_map": {symbol: [number] for number, symbol in enumerate(symbols)},
        "num_symbols": len(symbols),
        "num_speakers": 2,
        "speaker_id_map": {"high": 0, "low": 1},
    }
    (folder / "voice.onnx.json").write_text(json.dumps(config), encoding="utf-8")
    return folder / "voice.onnx"


def tiny_kokoro(folder: Path) -> tuple[Path, Path]:
    """``kokoro.onnx`` and ``voices.bin`` with two voices, of which the second hums lower."""
    from onnx import TensorProto, helper

    inputs = [
        helper.make_tensor_value_info("tokens", TensorProto.INT64, [1, "phonemes"]),
        helper.make_tensor_value_info("style", TensorProto.FLOAT, [1, 256]),
        helper.make_tensor_value_info("speed", TensorProto.FLOAT, [1]),
    ]
    nodes = [
        helper.make_node("Div", ["unit", "speed"], ["length"]),
        helper.make_node("ReduceMean", ["style"], ["height"], keepdims=0),
        *_hums("tokens", helper, TensorProto),
        helper.make_node("Reshape", ["sound", "flat"], ["audio"]),
    ]
    output = helper.make_tensor_value_info("audio", TensorProto.FLOAT, ["samples"])
    _save(folder / "kokoro.onnx", nodes, inputs, output, {"unit": np.float32([1.0]), "flat": np.array([-1])})
    styles = {name: np.full((510, 1, 256), height, np.float32) for name, height in (("af_one", 1.0), ("bm_two", 0.7))}
    with (folder / "voices.bin").open("wb") as file:
        np.savez(file, **styles)
    return folder / "kokoro.onnx", folder / "voices.bin"


def _hums(ids: str, helper: Any, types: Any) -> list[Any]:
    """From `ids`, [1, n], with `length` and `height` to `sound`, [1, n, samples of a phoneme]."""
    node = helper.make_node
    return [
        node("Cast", [ids], ["numbers"], to=types.FLOAT),
        node("Unsqueeze", ["numbers", "axis"], ["each"]),
        node("Mul", ["length", "samples"], ["wanted"]),
        node("Squeeze", ["wanted"], ["count"]),
        node("Range", ["start", "count", "step"], ["ramp"]),
        node("Mul", ["each", "spread"], ["spreading"]),
        node("Add", ["spreading", "base"], ["turns"]),
        node("Mul", ["turns", "height"], ["raised"]),
        node("Mul", ["raised", "ramp"], ["phase"]),
        node("Sin", ["phase"], ["hum"]),
        node("Div", ["pi", "count"], ["slowly"]),
        node("Mul", ["ramp", "slowly"], ["arc"]),
        node("Sin", ["arc"], ["swell"]),
        node("Mul", ["hum", "swell"], ["swelling"]),
        node("Sub", ["each", "silent"], ["over"]),
        node("Clip", ["over", "start", "peak"], ["loud"]),
        node("Mul", ["swelling", "loud"], ["sound"]),
    ]


def _save(path: Path, nodes: list[Any], inputs: list[Any], output: Any, more: dict[str, Any]) -> None:
    from onnx import checker, helper, numpy_helper, save

    values = {
        "axis": np.array([2]),
        "samples": np.float32([SAMPLES]),
        "start": np.float32(0),
        "step": np.float32(1),
        "spread": np.float32(0.0006),  # of a turn a sample, for each number
        "base": np.float32(0.03),
        "pi": np.float32(np.pi),
        "silent": np.float32(SILENT_IDS - 1),
        "peak": np.float32(0.4),
        **more,
    }
    constants = [numpy_helper.from_array(np.asarray(value), name) for name, value in values.items()]
    graph = helper.make_graph(nodes, "hums", inputs, [output], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    checker.check_model(model)
    save(model, str(path))
