"""Tracks in a place behind a URL: a real S3 server on this machine, and a plain folder through fsspec."""

from __future__ import annotations

import json
import pickle
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import s3fs

from generator.errors import InputError, MissingToolError, TrackError
from generator.library.remote import RemoteStore, is_url, open_store

from .conftest import Command

NAME = "psoas-release/25m rain.mp3"
SOUND = bytes(range(256)) * 400


@pytest.fixture(scope="module")
def s3(home: Path) -> Iterator[str]:
    """The address of an S3 server that is empty but for the bucket `nights`, and the environment that reaches it."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    patch = pytest.MonkeyPatch()
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": "something",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        patch.setenv(name, value)
    _bucket(endpoint, "nights")
    yield endpoint
    patch.undo()
    server.stop()


def _bucket(endpoint: str, name: str) -> None:
    with urllib.request.urlopen(urllib.request.Request(f"{endpoint}/{name}", method="PUT")):
        pass


@pytest.fixture
def sleepward(outside: Command) -> Command:
    """A process, whose connections to the server end with it."""
    return outside


@pytest.fixture(params=[pytest.param("s3", marks=pytest.mark.slow), "folder"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> RemoteStore:
    if request.param == "folder":
        return open_store(f"file://{tmp_path}/nights")
    request.getfixturevalue("s3")
    return open_store(f"s3://nights/{tmp_path.name}")


def put(store: RemoteStore, tmp_path: Path, name: str = NAME, sound: bytes = SOUND, key: str = "a1") -> Path:
    made = tmp_path / "made.mp3"
    made.write_bytes(sound)
    store.put(name, str(made), key)
    return made


def test_a_track_goes_to_its_place_and_is_known_by_its_key(store: RemoteStore, tmp_path: Path) -> None:
    made = put(store, tmp_path)
    assert store.read(NAME) == SOUND
    assert store.key_of(NAME) == "a1"
    assert not made.exists(), "what was uploaded is used up here"


def test_another_version_takes_its_place_and_its_stamp(store: RemoteStore, tmp_path: Path) -> None:
    put(store, tmp_path)
    before = store.stamps()[NAME]
    assert store.stamps()[NAME] == before
    put(store, tmp_path, sound=SOUND[::-1], key="b2")
    assert (store.read(NAME), store.key_of(NAME)) == (SOUND[::-1], "b2")
    assert store.stamps()[NAME] != before


def test_what_others_wrote_into_its_place_has_no_key(store: RemoteStore, tmp_path: Path) -> None:
    put(store, tmp_path)
    store.write(NAME, b"a song of somebody's")
    assert store.key_of(NAME) is None


def test_only_tracks_are_listed(store: RemoteStore, tmp_path: Path) -> None:
    assert dict(store.stamps()) == {}
    put(store, tmp_path)
    put(store, tmp_path, name="rest.m4b")
    store.write("library.json", b"{}")
    store.write("notes.txt", b"mine")
    assert sorted(store.stamps()) == [NAME, "rest.m4b"]


def test_what_is_removed_is_gone_with_its_key(store: RemoteStore, tmp_path: Path) -> None:
    put(store, tmp_path)
    store.remove(NAME)
    store.remove(NAME)  # removed twice by two batches: no harm
    assert (store.read(NAME), store.key_of(NAME), dict(store.stamps())) == (None, None, {})


def test_small_files_come_back_and_missing_ones_are_none(store: RemoteStore) -> None:
    assert store.read("library.json") is None
    store.write("library.json", b'{"version": 1}')
    store.write("library.json", b'{"version": 2}')
    assert store.read("library.json") == b'{"version": 2}'


def test_a_worker_gets_the_place_and_nobodys_credentials(store: RemoteStore, tmp_path: Path) -> None:
    put(store, tmp_path)
    sent = pickle.dumps(store)
    assert pickle.loads(sent).key_of(NAME) == "a1"
    assert b"something" not in sent


@pytest.mark.slow
def test_players_are_told_what_an_object_holds(s3: str, tmp_path: Path) -> None:
    store = open_store("s3://nights/kinds")
    for suffix, kind in {"mp3": "audio/mpeg", "m4b": "audio/mp4", "opus": "audio/ogg; codecs=opus"}.items():
        put(store, tmp_path, name=f"rest.{suffix}")
        assert s3fs.S3FileSystem().info(f"nights/kinds/rest.{suffix}")["ContentType"] == kind


@pytest.mark.slow
def test_a_large_track_is_uploaded_in_parts_with_its_key(s3: str, tmp_path: Path) -> None:
    store = open_store("s3://nights/large")
    large = bytes(105_000_000)
    put(store, tmp_path, sound=large)
    assert store.key_of(NAME) == "a1"
    assert store.read(NAME) == large


def test_an_upload_that_breaks_off_leaves_what_was_there(tmp_path: Path, store: RemoteStore) -> None:
    put(store, tmp_path)
    with pytest.raises(TrackError, match=r"25m rain\.mp3: the store reports an error"):
        store.put(NAME, str(tmp_path / "a folder that isn't there" / "made.mp3"), "b2")
    assert (store.read(NAME), store.key_of(NAME)) == (SOUND, "a1")
    assert list(store.stamps()) == [NAME]
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.slow
def test_a_place_that_isnt_there_is_said_before_anything_is_built(s3: str) -> None:
    with pytest.raises(InputError, match="there is no bucket mornings"):
        open_store("s3://mornings/early")


def test_a_protocol_nobody_knows_is_bad_input() -> None:
    with pytest.raises(InputError, match="ftpx"):
        open_store("ftpx://host/nights")


def test_a_missing_driver_says_what_to_install() -> None:
    with pytest.raises(
        MissingToolError, match=r"gs://bucket/nights: the driver for gs:// isn't installed .*gcsfs"
    ) as raised:
        open_store("gs://bucket/nights")
    assert raised.value.exit_code == 3


@pytest.mark.slow
def test_a_place_that_is_gone_is_a_track_that_failed(s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TrackError, match="nowhere"):
        put(RemoteStore("s3://nowhere/nights"), tmp_path)
    assert (tmp_path / "made.mp3").exists(), "what couldn't be uploaded is still here"


@pytest.mark.slow
def test_a_library_goes_to_a_bucket_and_is_unchanged_the_second_time(
    s3: str, sleepward: Command, inside: Command
) -> None:
    words = "title: Nights\ndefaults: {voice: tone, tail: 10s, background: none}\ntracks: [{script: a.txt}, {script: b.txt}]"
    (sleepward.folder / "library.yaml").write_text(words)
    for name in ("a", "b"):
        (sleepward.folder / f"{name}.txt").write_text(f"Lie down for night {name}. [2s]\n[sleep]\n")
    batch = ("batch", "library.yaml", "-j", "1", "-o")
    sleepward(*batch, "s3://nights/library")
    inside(*batch, "here")
    store = open_store("s3://nights/library")
    made = {name: store.read(name) for name in ("a.mp3", "b.mp3")}
    assert made == {name: (sleepward.folder / "here" / name).read_bytes() for name in made}
    listed = json.loads(store.read("library.json") or b"")["tracks"]
    assert {track["name"]: track["bytes"] for track in listed} == {name: len(sound) for name, sound in made.items()}
    assert "2 unchanged" in sleepward(*batch, "s3://nights/library").stderr
    store.remove("library.json")  # as where a run was ended by force
    again = sleepward(*batch, "s3://nights/library", "--json").stdout.splitlines()
    assert [json.loads(line)["state"] for line in again] == ["unchanged", "unchanged"], "known by their keys"


@pytest.mark.parametrize(("place", "expected"), [("s3://b/x", True), ("nights", False), ("C:\\nights", False)])
def test_urls_are_told_from_folders(place: str, expected: bool) -> None:
    assert is_url(place) is expected
