"""The process that runs Piper or Kokoro. `_models.py` runs this file; nothing imports it.

The first line on stdin is the setup (JSON): the engine, its files and settings, and how many sentences at once. The
first answer is ``{"ready": true}``, or ``{"missing": reason}``. Then each line ``{"id", "text", "path"}`` is spoken and
answered by ``{"id", "status", "reason", "rate"}``; the sound goes to `path` as raw float32. The model is loaded once.
The process ends as soon as stdin ends, so also if its parent is killed.

onnxruntime gets one thread for each sentence, since more would add in another order and so give other bytes. Several
sentences are spoken beside each other by threads of ours, which share the model.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before the import: onnxruntime would report its use to its maker
import onnxruntime

Setup = dict[str, Any]
Speak = Callable[[str], tuple[np.ndarray[Any, Any], int]]
"""Takes a text and returns its sound, float32 (samples,), and the sample rate; no samples if nothing is spoken."""

EDGE_S = 0.1  # of silence at both ends, as other engines leave it
BETWEEN_S = 0.2  # between the sentences of one text, which Piper gives apart


def main() -> None:
    answers = os.fdopen(os.dup(1), "wb")  # libraries print to stdout
    os.dup2(2, 1)
    lock = threading.Lock()

    def answer(message: dict[str, Any]) -> None:
        with lock:
            answers.write(json.dumps(message).encode() + b"\n")
            answers.flush()

    setup: Setup = json.loads(sys.stdin.readline())
    try:
        speak = {"piper": load_piper, "kokoro": load_kokoro}[setup["engine"]](setup)
    except Exception as error:  # noqa: BLE001 - a broken model may raise anything, and the user should read it
        answer({"missing": f"{type(error).__name__}: {error}"})
        return
    answer({"ready": True})

    def work(job: dict[str, Any]) -> None:
        try:
            samples, rate = speak(job["text"])
            if len(samples):
                edge = np.zeros(round(EDGE_S * rate), np.float32)
                np.concatenate([edge, samples.clip(-1, 1).astype("<f4"), edge]).tofile(Path(job["path"]))
            answer({"id": job["id"], "status": "ok" if len(samples) else "silent", "rate": rate})
        except Exception as error:  # noqa: BLE001 - any failure is this text's alone
            answer({"id": job["id"], "status": "failed", "reason": f"{type(error).__name__}: {error}"[:400]})

    with ThreadPoolExecutor(setup["jobs"]) as pool:
        for line in sys.stdin:
            pool.submit(work, json.loads(line))
        os._exit(0)  # whoever asked is gone


def load_piper(setup: Setup) -> Speak:
    from piper import PiperVoice, SynthesisConfig
    from piper.config import PiperConfig

    config = PiperConfig.from_dict(json.loads(Path(setup["config"]).read_text(encoding="utf-8")))
    voice = PiperVoice(config=config, session=session_of(setup["model"]))
    noiseless = SynthesisConfig(
        speaker_id=setup["speaker"],
        length_scale=setup["length_scale"],
        noise_scale=0.0,
        noise_w_scale=0.0,
        normalize_audio=False,
    )
    gap = np.zeros(round(BETWEEN_S * config.sample_rate), np.float32)

    def speak(text: str) -> tuple[np.ndarray[Any, Any], int]:
        parts: list[np.ndarray[Any, Any]] = []
        for chunk in voice.synthesize(text, noiseless):
            parts += [gap, chunk.audio_float_array] if parts else [chunk.audio_float_array]
        return np.concatenate(parts) if parts else gap[:0], config.sample_rate

    return speak


def load_kokoro(setup: Setup) -> Speak:
    from kokoro_onnx import Kokoro

    kokoro = Kokoro.from_session(session_of(setup["model"]), setup["voices"])

    def speak(text: str) -> tuple[np.ndarray[Any, Any], int]:
        samples, rate = kokoro.create(text, setup["voice"], speed=setup["speed"], lang=setup["language"])
        return samples, rate

    return speak


def session_of(model: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model, sess_options=options, providers=["CPUExecutionProvider"])


if __name__ == "__main__":
    main()
