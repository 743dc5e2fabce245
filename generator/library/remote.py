"""A track store behind a URL that fsspec can open: `s3://bucket/nights`, `gs://…`, `sftp://…`.

Uploads are atomic. An object store shows an object only when its upload is complete. Other stores get the upload as a
`.part` beside the track, which is then renamed.

Each track's key is stored with it. S3 keeps the key as object metadata: one request writes both, and a HEAD request
reads the key without the sound. Elsewhere a small key file beside the track holds the key and the track's size, time
and checksum as the store reports them. If these differ, the track was overwritten since, and counts as having no key.
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
_OBJECT_STORES = {*_S3, "gs", "gcs", "az", "abfs", "abfss", "oss", "memory"}  # their uploads are atomic
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
    """Whether `place` is a URL rather than a folder of this machine."""
    return "://" in place


def open_store(url: str) -> RemoteStore:
    """The store at `url`, checked before anything is built for it.

    Raises MissingToolError if its driver isn't installed, InputError if it doesn't exist or can't be opened.
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

    Every method raises TrackError, with the URL, if the store reports an error.
    """

    url: str

    def path_of(self, name: str) -> Path | None:
        """None: a track is built in a local file, and then `put`."""
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
        """Copy the track to `path` on this machine."""
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
            except (FileNotFoundError, ValueError, LookupError, TypeError, RecursionError):  # an unreadable one is none
                return None

    def remove(self, name: str) -> None:
        """Remove the track if it exists."""
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

    # --- access through fsspec ---------------------------------------------------------------------

    def _at(self, name: str) -> tuple[Any, str, str]:
        """Fsspec's file system, the path of `name` in it, and the protocol."""
        files, root, protocol = _open(self.url)
        return files, f"{root}/{name}", protocol

    def _upload_whole(self, name: str, upload: Any) -> None:
        """Upload a file atomically: directly to an object store, else to a part that is then renamed."""
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
    """Fsspec's file system for `url`, the path in it, and the protocol. It caches no listings, as others write too."""
    protocol = url.partition("://")[0].rpartition("::")[2]
    try:
        fsspec: Any = import_module("fsspec.core")
        files, root = fsspec.url_to_fs(url, use_listings_cache=False)
    except ImportError as error:
        needs = "sleepward[s3]" if protocol in _S3 else "fsspec"
        hint = f"pip install '{needs}'" if protocol in _S3 or error.name == "fsspec" else str(error)
        what = f"the driver for {protocol}:// isn't installed ({error})"
        raise MissingToolError(what, where=url, hint=hint) from error
    except ValueError as error:  # an unknown protocol
        raise InputError(str(error), where=url, hint="give a folder, or a URL like s3://bucket/nights") from error
    return files, str(root).rstrip("/"), protocol


@contextmanager
def _translated_errors(place: str) -> Iterator[None]:
    """Turn a driver's error into a TrackError. Each driver has its own error classes; most aren't OSErrors."""
    try:
        yield
    except SleepwardError:
        raise
    except Exception as error:
        said = str(error) or type(error).__name__
        raise TrackError(
            f"the store reports an error: {said}",
            where=place,
            hint="check your credentials, the network and the free space there",
        ) from error


def _fingerprint(info: Mapping[str, Any]) -> str:
    """The facts that a store reports of a file and that change with it."""
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
