"""Tracks in any place that fsspec knows by a URL: `s3://bucket/nights`, `gs://…`, `sftp://…`.

Nothing is ever written into a track's place piece by piece. An object store shows an object when its upload is whole;
anywhere else the upload goes beside the place, as a `.part`, and takes it by a rename.

A track's key stands with it. S3 keeps it as the object's metadata: one request writes both, so they can't part, and
one HEAD tells it without a byte of sound. Where fsspec has no metadata, a small file beside the track holds the key and
what the place says of the track (size, time, checksum): one that was written since, by whomever, has no key then.
"""

from __future__ import annotations

import json
import mimetypes
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import InputError, MissingToolError, SleepwardError, TrackError
from ..formats import container_named

_S3 = {"s3", "s3a"}
_OBJECT_STORES = {*_S3, "gs", "gcs", "az", "abfs", "abfss", "oss", "memory"}  # there, an upload is whole or not there
_METADATA = "sleepward-key"
_FINGERPRINT_FIELDS = (
    "size",
    "ETag",
    "etag",
    "md5Hash",
    "content_md5",
    "checksum",
    "mtime",
    "modified",
    "updated",
    "created",
)


def is_url(place: str) -> bool:
    """Whether `place` is one for this module rather than a folder of this machine."""
    return "://" in place


def open_store(url: str) -> RemoteStore:
    """The place behind `url`, looked at before anything is built for it.

    Raises MissingToolError where what reaches it isn't installed, InputError for one that isn't there or refuses.
    """
    with _translated_errors(url):
        files, root, protocol = _open(url)
        bucket = root.split("/", 1)[0]
        if protocol in _OBJECT_STORES and protocol != "memory" and not files.exists(bucket):
            raise InputError(
                f"there is no bucket {bucket}, or it can't be reached",
                where=url,
                hint="check its name, your credentials, and the endpoint (AWS_ENDPOINT_URL where it isn't Amazon's)",
            )
    return RemoteStore(url)


@dataclass(frozen=True, slots=True)
class RemoteStore:
    """A `TrackStore` behind a URL. Only the URL travels to workers; each signs in with its own credentials.

    Every method raises TrackError, with the place, where the place refuses.
    """

    url: str

    def path_of(self, name: str) -> Path | None:
        """None: a track is made on the machine that builds it, and then `put`."""
        return None

    def put(self, name: str, path: str, key: str) -> None:
        with _translated_errors(self._url_of(name)):
            files, place, protocol = self._at(name)
            if protocol in _S3:
                facts = {"Metadata": {_METADATA: key}, "ContentType": _content_type(name)}
                files.put_file(path, place, **facts)
            else:
                self._upload_whole(name, lambda part: files.put_file(path, part))
                note = {"key": key, "place_says": _fingerprint(files.info(place))}
                self._upload_whole(_key_file_of(name), lambda part: files.pipe_file(part, json.dumps(note).encode()))
            Path(path).unlink()

    def fetch(self, name: str, path: str) -> None:
        """The track to `path`, on this machine."""
        with _translated_errors(self._url_of(name)):
            files, place, _ = self._at(name)
            files.get_file(place, path)

    def key_of(self, name: str) -> str | None:
        with _translated_errors(self._url_of(name)):
            files, place, protocol = self._at(name)
            try:
                if protocol in _S3:
                    key: str | None = files.metadata(place, refresh=True).get(_METADATA)
                    return key
                note = json.loads(self.read(_key_file_of(name)) or b"{}")
                return note["key"] if note and note["place_says"] == _fingerprint(files.info(place)) else None
            except (FileNotFoundError, ValueError, KeyError):  # a note that can't be read says nothing
                return None

    def remove(self, name: str) -> None:
        """Gone afterwards, whether it was there or not."""
        with _translated_errors(self._url_of(name)):
            files, place, protocol = self._at(name)
            places = [place] if protocol in _S3 else [self._at(_key_file_of(name))[1], place]
            for each in places:
                try:
                    files.rm_file(each)
                except FileNotFoundError:
                    continue

    def stamps(self) -> Mapping[str, str]:
        with _translated_errors(self.url):
            files, root, _ = _open(self.url)
            found: dict[str, dict[str, Any]] = files.find(root, detail=True)
            names = {place.removeprefix(root).lstrip("/"): info for place, info in found.items()}
            return {name: _fingerprint(info) for name, info in sorted(names.items()) if _is_track(name)}

    def read(self, name: str) -> bytes | None:
        with _translated_errors(self._url_of(name)):
            files, place, _ = self._at(name)
            try:
                return bytes(files.cat_file(place))
            except FileNotFoundError:
                return None

    def write(self, name: str, content: bytes) -> None:
        with _translated_errors(self._url_of(name)):
            files, place, protocol = self._at(name)
            if protocol in _S3:
                files.pipe_file(place, content, ContentType=_content_type(name))
            else:
                self._upload_whole(name, lambda part: files.pipe_file(part, content))

    # --- the place itself --------------------------------------------------------------------------

    def _at(self, name: str) -> tuple[Any, str, str]:
        """Fsspec's file system, where `name` lies in it, and the protocol of place it is."""
        files, root, protocol = _open(self.url)
        return files, f"{root}/{name}", protocol

    def _upload_whole(self, name: str, upload: Any) -> None:
        """`upload` into a file's place at once: straight into it where that is whole or nothing, else by a rename."""
        files, place, protocol = self._at(name)
        if protocol in _OBJECT_STORES:
            upload(place)
            return
        folder, _, last = place.rpartition("/")
        part = f"{folder}/.{last}.{secrets.token_hex(8)}.part"
        files.makedirs(folder, exist_ok=True)
        try:
            upload(part)
            files.mv(part, place)
        except BaseException:
            if files.exists(part):
                files.rm_file(part)
            raise

    def _url_of(self, name: str) -> str:
        return f"{self.url.rstrip('/')}/{name}"


@lru_cache(maxsize=8)
def _open(url: str) -> tuple[Any, str, str]:
    """Fsspec's file system for `url`, the path in it, and the protocol. What others write is seen at once: no listing
    is kept.
    """
    protocol = url.partition("://")[0].rpartition("::")[2]
    try:
        fsspec: Any = import_module("fsspec.core")
        files, root = fsspec.url_to_fs(url, use_listings_cache=False)
    except ImportError as error:
        needs = "sleepward[s3]" if protocol in _S3 else "fsspec"
        hint = f"pip install '{needs}'" if protocol in _S3 or error.name == "fsspec" else str(error)
        raise MissingToolError(f"what reaches {protocol}:// isn't installed ({error})", where=url, hint=hint) from error
    except ValueError as error:  # a protocol that nobody knows
        raise InputError(str(error), where=url, hint="give a folder, or a URL like s3://bucket/nights") from error
    return files, str(root).rstrip("/"), protocol


@contextmanager
def _translated_errors(place: str) -> Iterator[None]:
    """What a place refuses becomes an error of ours. Each driver has errors of its own, most of them no OSError."""
    try:
        yield
    except SleepwardError:
        raise
    except Exception as error:
        said = str(error) or type(error).__name__
        raise TrackError(
            f"the place refuses: {said}", where=place, hint="check your credentials there, the network, and the room"
        ) from error


def _fingerprint(info: Mapping[str, Any]) -> str:
    """What a place says of a file that changes whenever the file does."""
    return " ".join(str(info[name]) for name in _FINGERPRINT_FIELDS if info.get(name) is not None)


def _key_file_of(name: str) -> str:
    folder, _, last = name.rpartition("/")
    return f"{folder}/.{last}.key" if folder else f".{last}.key"


def _is_track(name: str) -> bool:
    return container_named(name) is not None and not PurePosixPath(name).name.startswith(".")


def _content_type(name: str) -> str:
    if container := container_named(name):
        return container.mime_type
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
