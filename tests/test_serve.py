"""A library served to a phone: what it can read, and what nobody can."""

from __future__ import annotations

import gzip
import http.client
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import pytest

from generator.errors import InputError, MissingToolError
from generator.library.publishing import publish
from generator.server import Served, network, running, serve
from tests.conftest import SLEEPWARD, Command
from tests.test_publishing import Library

TRACK = "/psoas-release/35m-1.mp3"


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


@dataclass
class Visitor:
    """A browser, as far as the server can tell: it keeps its cookie."""

    host: str
    port: int
    cookie: str = ""
    device: list[str] = field(default_factory=list)

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=10)
        own = {"Cookie": self.cookie} if self.cookie else {}
        try:
            connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
            for name, value in (own | {name.replace("_", "-"): value for name, value in headers.items()}).items():
                connection.putheader(name, value)
            connection.endheaders()
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def enter(self, address: str) -> Answer:
        answer = self.ask(urlsplit(address).path)
        for name, morsel in SimpleCookie(answer.headers.get("Set-Cookie", "")).items():
            self.cookie = f"{name}={morsel.value}"
        return answer


def published(root: Path) -> Library:
    found = Library(root)
    for night in (1, 2):
        found.add(f"psoas-release/35m-{night}.mp3")
    found.publish()
    return found


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """One for all who only read: publishing and serving each take a while."""
    return published(tmp_path_factory.mktemp("library") / "nights")


@pytest.fixture
def own_library(tmp_path: Path) -> Library:
    """One that a test may change."""
    return published(tmp_path / "nights")


@pytest.fixture(scope="module")
def served(library: Library) -> Iterator[Served]:
    with serve(library.root, port=0) as found:
        yield found


@pytest.fixture
def stranger(served: Served) -> Visitor:
    return Visitor(served.host, served.port)


@pytest.fixture
def phone(served: Served) -> Visitor:
    visitor = Visitor(served.host, served.port)
    assert visitor.enter(served.address).status == 200
    return visitor


# --- what a phone reads ------------------------------------------------------------------------------


def test_the_phone_gets_the_page_and_whatever_belongs_to_a_track(phone: Visitor, library: Library) -> None:
    kinds = {
        "/": "text/html; charset=utf-8",
        TRACK: "audio/mpeg",
        "/psoas-release/35m-1.vtt": "text/vtt; charset=utf-8",
        "/psoas-release/35m-1.lrc": "text/plain; charset=utf-8",
        "/psoas-release/35m-1.chapters.json": "application/json",
        "/A-year-of-Sundays.m3u8": "audio/x-mpegurl; charset=utf-8",
        "/feed.xml": "application/rss+xml; charset=utf-8",
        "/cover.jpg": "image/jpeg",
    }
    for path, kind in kinds.items():
        answer = phone.ask(path)
        file = library.root / (path[1:] or "index.html")
        assert (answer.status, answer.headers["Content-Type"], answer.body) == (200, kind, file.read_bytes()), path


def test_the_page_is_sent_packed_to_whoever_can_unpack_it(phone: Visitor, library: Library) -> None:
    answer = phone.ask("/", Accept_Encoding="gzip, br")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.body) == (library.root / "index.html").read_bytes()


def test_a_head_says_how_large_a_track_is_and_sends_nothing(phone: Visitor, library: Library) -> None:
    answer = phone.ask(TRACK, "HEAD")
    size = (library.root / TRACK[1:]).stat().st_size
    assert (answer.status, answer.body) == (200, b"")
    assert (answer.headers["Content-Length"], answer.headers["Accept-Ranges"]) == (str(size), "bytes")


@pytest.mark.parametrize(
    ("asked", "start", "end"), [("0-99", 0, 100), ("100-", 100, None), ("-50", -50, None), ("90-9999999", 90, None)]
)
def test_a_phone_can_jump_in_a_track(phone: Visitor, library: Library, asked: str, start: int, end: int | None) -> None:
    whole = (library.root / TRACK[1:]).read_bytes()
    answer = phone.ask(TRACK, Range=f"bytes={asked}")
    first = start % len(whole)
    assert (answer.status, answer.body) == (206, whole[start:end])
    assert answer.headers["Content-Range"] == f"bytes {first}-{first + len(answer.body) - 1}/{len(whole)}"


def test_beyond_the_end_there_is_nothing(phone: Visitor, library: Library) -> None:
    size = (library.root / TRACK[1:]).stat().st_size
    answer = phone.ask(TRACK, Range=f"bytes={size}-")
    assert (answer.status, answer.headers["Content-Range"]) == (416, f"bytes */{size}")


def test_several_ranges_come_in_parts(phone: Visitor, library: Library) -> None:
    whole = (library.root / TRACK[1:]).read_bytes()
    answer = phone.ask(TRACK, Range="bytes=0-9, 40-49")
    assert answer.status == 206
    boundary = re.fullmatch(r"multipart/byteranges; boundary=(\w+)", answer.headers["Content-Type"])
    assert boundary
    parts = [part.partition(b"\r\n\r\n")[2][:-2] for part in answer.body.split(f"--{boundary[1]}".encode())[1:-1]]
    assert parts == [whole[:10], whole[40:50]]


def test_very_many_ranges_are_no_work(phone: Visitor) -> None:
    assert phone.ask(TRACK, Range="bytes=" + ",".join(["0-1"] * 1_000)).status in (200, 206)


def test_a_track_made_meanwhile_can_be_heard(own_library: Library) -> None:
    with serve(own_library.root, port=0) as served:
        phone = Visitor(served.host, served.port)
        phone.enter(served.address)
        assert phone.ask("/psoas-release/35m-3.mp3").status == 404
        own_library.add("psoas-release/35m-3.mp3")
        own_library.publish()
        assert phone.ask("/psoas-release/35m-3.mp3").status == 200
        assert b"35m-3.mp3" in phone.ask("/").body


# --- who gets in ----------------------------------------------------------------------------------------


def test_whoever_has_no_key_reads_nothing(stranger: Visitor) -> None:
    for path in ("/", TRACK, "/cover.jpg", "/~enter/", "/~enter/wrong", "/~enter/%FF", "/nothing"):
        answer = stranger.ask(path)
        assert (answer.status, answer.headers["Set-Cookie"]) == (403, None), path
        assert b"mp3" not in answer.body
    stranger.cookie = f"sleepward-{stranger.port}=wrong"
    assert stranger.ask("/").status == 403


def test_a_key_works_once_and_the_next_device_gets_another(served: Served, stranger: Visitor) -> None:
    first = served.address
    answer = stranger.enter(first)
    assert answer.status == 200
    assert b'http-equiv="refresh" content="0; url=/"' in answer.body
    (morsel,) = SimpleCookie(answer.headers["Set-Cookie"]).values()
    assert (morsel["httponly"], morsel["samesite"], morsel["path"], morsel["domain"]) == (True, "strict", "/", "")
    assert stranger.ask("/").status == 200
    other = Visitor(served.host, served.port)
    assert (other.enter(first).status, other.cookie) == (403, "")
    assert served.address != first
    assert other.enter(served.address).status == 200
    assert (other.ask("/").status, stranger.ask("/").status) == (200, 200)
    assert stranger.ask(urlsplit(first).path).headers["Location"] == "/"  # the phone's way back


def test_a_messenger_that_looks_at_the_link_doesnt_use_it_up(served: Served, stranger: Visitor) -> None:
    address = served.address
    assert stranger.ask(urlsplit(address).path, "HEAD").status == 403
    assert stranger.enter(address).status == 200


def test_the_device_that_came_is_told(library: Library) -> None:
    came: list[str] = []
    with serve(library.root, port=0, entered=came.append) as served:
        Visitor(served.host, served.port).enter(served.address)
        Visitor(served.host, served.port).enter("http://host/~enter/wrong")
    assert came == ["127.0.0.1"]


def test_a_key_of_one_server_opens_no_other(served: Served, phone: Visitor, library: Library) -> None:
    with serve(library.root, port=0) as second:
        visitor = Visitor(second.host, second.port, phone.cookie.replace(str(phone.port), str(second.port)))
        assert visitor.ask("/").status == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost.evil:{port}", ""]
)
def test_another_hosts_name_is_refused(phone: Visitor, host: str) -> None:
    answer = phone.ask("/", Host=host.format(port=phone.port))
    assert answer.status in (400, 421)
    assert b"mp3" not in answer.body


def test_its_own_names_are_known(phone: Visitor) -> None:
    assert phone.ask("/", Host=f"localhost:{phone.port}").status == 200


@pytest.mark.parametrize(
    ("origin", "status"), [("http://{own}", 200), ("http://evil.example", 403), ("null", 403), ("https://{own}", 403)]
)
def test_pages_of_others_ask_in_vain(phone: Visitor, origin: str, status: int) -> None:
    assert phone.ask(TRACK, Origin=origin.format(own=f"127.0.0.1:{phone.port}")).status == status


# --- what nobody reads ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def surrounded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A library with a secret in each place where one could lie, within its folder and outside."""
    folder = tmp_path_factory.mktemp("surrounded")
    library = published(folder / "nights")
    (folder / "elsewhere").mkdir()
    for file in ("secret.mp3", "elsewhere/a.mp3", "nights/notes.txt", "nights/.hidden.mp3", "nights/unlisted.mp3"):
        (folder / file).write_bytes(b"secret")
    library.add("out.mp3")
    library.add("away/a.mp3")
    library.publish()
    (library.root / "out.mp3").unlink()
    (library.root / "out.mp3").symlink_to(folder / "secret.mp3")
    (library.root / "away").rename(library.root / "before")
    (library.root / "away").symlink_to(folder / "elsewhere")
    with serve(library.root, port=0) as served:
        yield served


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.mp3", "/%2e%2e/secret.mp3", "/..%2fsecret.mp3", "/psoas-release/../../secret.mp3", "/%252e%252e/secret.mp3",
        "/..%5csecret.mp3", "//secret.mp3", "/etc/passwd", "//etc/passwd", "/%2fetc%2fpasswd", "/file:///etc/passwd", "/C:/secret.mp3",
        "/psoas-release/35m-1.mp3%00.jpg", "/psoas-release", "/psoas-release/", "/library.json", "/published.json", "/index.html",
        "/notes.txt", "/.hidden.mp3", "/unlisted.mp3", "/out.mp3", "/away/a.mp3",
    ],
)  # fmt: skip
def test_nothing_but_the_library_can_be_reached(surrounded: Served, path: str) -> None:
    visitor = Visitor(surrounded.host, surrounded.port)
    visitor.enter(surrounded.address)
    assert visitor.ask(TRACK).status == 200
    answer = visitor.ask(path)
    assert answer.status == 404
    assert b"secret" not in answer.body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_nothing_can_be_changed(phone: Visitor, method: str) -> None:
    assert phone.ask(TRACK, method).status == 405


def test_every_answer_says_what_a_browser_may_do(phone: Visitor, stranger: Visitor) -> None:
    answers = [phone.ask(path) for path in ("/", TRACK, "/nothing")]
    answers += [stranger.ask("/"), stranger.ask("/", Host="evil.example")]
    for answer in answers:
        policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["Content-Security-Policy"].split(";"))
        assert {policy[name] for name in ("default-src", "base-uri", "form-action", "frame-ancestors")} == {"'none'"}
        assert not any("unsafe" in part or "*" in part or "http" in part for part in policy.values())
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Access-Control-Allow-Origin" not in answer.headers


# --- slow and many ------------------------------------------------------------------------------------------


def test_whoever_reads_slowly_or_says_nothing_holds_up_nobody(
    own_library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    from generator.server import patience

    monkeypatch.setattr(patience, "REQUEST_S", 2.0)
    large = own_library.root / TRACK[1:]
    large.write_bytes(large.read_bytes() + bytes(30_000_000))
    own_library.publish()
    with serve(own_library.root, port=0) as served:
        phone = Visitor(served.host, served.port)
        phone.enter(served.address)
        slow = [socket.create_connection((served.host, served.port)) for _ in range(8)]
        asked = f"GET {TRACK} HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nCookie: {phone.cookie}\r\n\r\n"
        for each in slow:
            each.sendall(asked.encode())
            assert each.recv(15) == b"HTTP/1.1 200 OK"  # and reads no further
        silent = [socket.create_connection((served.host, served.port)) for _ in range(4)]
        first, second, body, _ = silent
        first.sendall(b"GET / HTTP/1.1\r\nHost: ")
        second.sendall(b"GET / HTTP/1.1\r\nHost: nobody\r\n\r\n")
        body.sendall(b"GET / HTTP/1.1\r\nHost: nobody\r\nContent-Length: 9\r\n\r\n")
        for each in (second, body):
            assert each.recv(12) == b"HTTP/1.1 421"
            each.sendall(b"GET")  # and finishes neither the next request nor the body of this one
        assert phone.ask("/").status == 200
        for each in silent:
            each.settimeout(10)
            while each.recv(1_000):
                pass
    for each in (*slow, *silent):
        each.close()
    assert served.ended.done()  # the slow ones were left behind


def test_many_who_say_nothing_hold_up_nobody(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where they are more than may come in: who has been silent for longest makes room."""
    monkeypatch.setattr(running, "MOST_CONNECTIONS", 100)
    with serve(library.root, port=0) as served:
        phone = Visitor(served.host, served.port)
        phone.enter(served.address)
        silent = [socket.create_connection((served.host, served.port)) for _ in range(250)]
        assert phone.ask("/").status == 200
        assert phone.ask(TRACK).status == 200
        for each in silent:
            each.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
@pytest.mark.parametrize(("allowed", "most"), [(256, 100), (1_024, 400), (1_000_000, 400), (-1, 400)])
def test_as_many_come_in_as_there_are_descriptors_for(allowed: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    monkeypatch.setattr(resource, "RLIM_INFINITY", -1)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (allowed, allowed))
    assert running._most_connections() == most


# --- the command --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("interruptible")
def test_the_command_shows_the_address_and_ends_with_ctrl_c(library: Library) -> None:
    assert SLEEPWARD
    command = [SLEEPWARD, "serve", library.root, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            assert process.stdout.readline() == "Open this on this computer; it works once:\n"
            address = process.stdout.readline().strip()
            visitor = Visitor("127.0.0.1", urlsplit(address).port or 0)
            assert visitor.enter(address).status == 200
            assert visitor.ask("/").status == 200
        finally:
            process.send_signal(signal.SIGINT)
        shown, noted = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "127.0.0.1 is in" in noted
    assert "Traceback" not in noted
    assert address not in shown
    assert re.search(r"http://127\.0\.0\.1:\d+/~enter/[\w-]{22}\n", shown)  # for the next device


def test_a_folder_without_a_library_isnt_served(sleepward: Command, tmp_path: Path) -> None:
    assert "there is no library" in sleepward("serve", tmp_path, code=2).stderr


def test_a_port_that_is_taken_is_said(served: Served, library: Library) -> None:
    with pytest.raises(InputError, match=f"127.0.0.1:{served.port}"), serve(library.root, port=served.port):
        pass


def test_the_code_for_the_phone_holds_the_address(served: Served) -> None:
    import segno

    lines = served.code().splitlines()
    drawn = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
    assert all(line.startswith("\x1b[97;40m") and line.endswith("\x1b[0m") for line in lines)
    matrix = segno.make(served.address, error="m", micro=False).matrix
    light = {"█": (1, 1), "▀": (1, 0), "▄": (0, 1), " ": (0, 0)}
    rows = [list(row) for line in drawn for row in zip(*(light[letter] for letter in line), strict=True)]
    inner = [[1 - light for light in row[2:-2]] for row in rows[2 : 2 + len(matrix)]]
    assert inner == [list(row) for row in matrix]


def test_missing_packages_are_named(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(MissingToolError, match=r"sleepward\[serve\]"), serve(library.root, port=0):
        pass


def test_an_address_that_the_internet_reaches_isnt_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    class Probe:
        def __init__(self, *_: Any) -> None: ...
        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None: ...
        def connect(self, _: Any) -> None: ...
        def getsockname(self) -> tuple[str, int]:
            return self.address, 1

        address = "192.168.1.7"

    monkeypatch.setattr(network.socket, "socket", Probe)
    assert network.lan_address() == "192.168.1.7"
    Probe.address = "8.8.8.8"
    with pytest.raises(InputError, match="whole internet"):
        network.lan_address()


def test_publishing_comes_first(own_library: Library) -> None:
    (own_library.root / "index.html").unlink()
    publish(own_library.root)
    assert (own_library.root / "index.html").is_file()
