"""Data sets are fetched from a server on this machine: whole, checked, and going on where a connection was cut."""

import hashlib
import io
import json
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pianolab.cli import main
from pianolab.data.fetching import FetchError, fetch, fetchable, find_fetchable, is_fetched

CONTENT = bytes(range(256)) * 2000


def zipped(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def tarred(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


class Server(ThreadingHTTPServer):
    """Files by their path. ``cuts`` says after how many bytes each of the next answers ends."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.cuts, self.asked, self.ranges = {}, [], [], True

    def url(self, path):
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        wanted = self.headers.get("Range", "")
        server.asked.append(wanted)
        data = server.files.get(self.path)
        if data is None:
            self.send_error(404)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and server.ranges else 0
        if start >= len(data) > 0 and wanted and server.ranges:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(data)}")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        part = data[start:]
        self.wfile.write(part[: server.cuts.pop(0)] if server.cuts else part)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    with Server() as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture
def registry(server, tmp_path):
    """Write a registry of one set with these files, (path, content, whether to unpack, checksum)."""

    def write(*files, room_gb=0.0, scheme=None):
        entries = []
        for path, content, unpack, *given in files:
            server.files[path] = content
            url = server.url(path) if scheme is None else f"{scheme}://example.org{path}"
            checksum = given[0] if given else f"sha256:{hashlib.sha256(content).hexdigest()}"
            entries.append({"url": url, "hash": checksum, "unpack": unpack})
        about = dict.fromkeys(("title", "licence", "licence_url", "cite", "page"), "said")
        about |= {"licence": "CC BY 4.0", "room_gb": room_gb, "files": entries}
        path = tmp_path / "sets.json"
        path.write_text(json.dumps({"sets": {"little": about}}))
        return path

    return write


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_file_is_fetched_once(server, registry, tmp_path):
    little = find_fetchable("little", registry(("/a.wav", CONTENT, False)))
    folder = fetch(little, tmp_path / "in" / "here", progress=False)
    assert (folder / "a.wav").read_bytes() == CONTENT
    assert names(folder) == ["a.wav", "fetched.json"]
    assert is_fetched(little, folder)
    fetch(little, folder, progress=False)
    assert server.asked == [""]


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_an_archive_is_unpacked_and_removed(registry, tmp_path, pack):
    packed = pack({"set/list.csv": b"a", "set/2004/a.wav": CONTENT})
    fetch(find_fetchable("little", registry(("/set.bin", packed, True))), tmp_path / "out", progress=False)
    assert names(tmp_path / "out") == ["fetched.json", "set/2004/a.wav", "set/list.csv"]


def test_an_archive_writes_nothing_outside_of_its_folder(registry, tmp_path):
    packed = tarred({"../evil": b"a"})
    with pytest.raises(FetchError, match="cannot be unpacked"):
        fetch(find_fetchable("little", registry(("/set.tar.gz", packed, True))), tmp_path / "out", progress=False)
    packed = zipped({"../evil": b"a"})
    fetch(find_fetchable("little", registry(("/set.zip", packed, True))), tmp_path / "out", progress=False)
    assert not (tmp_path / "evil").exists()


def test_a_cut_download_goes_on_within_one_command(server, registry, tmp_path):
    server.cuts = [100_000, 200_000]
    fetch(find_fetchable("little", registry(("/a.wav", CONTENT, False))), tmp_path / "out", progress=False)
    assert (tmp_path / "out" / "a.wav").read_bytes() == CONTENT
    assert server.asked == ["", "bytes=65536-", "bytes=262144-"]  # whole blocks are kept


def test_a_download_that_stays_cut_leaves_no_half_file_and_goes_on_later(server, registry, tmp_path):
    little = find_fetchable("little", registry(("/a.wav", CONTENT, False)))
    server.cuts = [100_000, 0]
    with pytest.raises(FetchError, match=r"was cut off .*; 0\.1 MB are kept: look at the network; the same command"):
        fetch(little, tmp_path, progress=False)
    assert not (tmp_path / "a.wav").exists()
    assert not is_fetched(little, tmp_path)
    fetch(little, tmp_path, progress=False)
    assert (tmp_path / "a.wav").read_bytes() == CONTENT
    assert server.asked == ["", "bytes=65536-", "bytes=65536-"]


def test_a_server_that_cannot_go_on_is_asked_for_all(server, registry, tmp_path):
    server.ranges, server.cuts = False, [100_000]
    fetch(find_fetchable("little", registry(("/a.wav", CONTENT, False))), tmp_path, progress=False)
    assert (tmp_path / "a.wav").read_bytes() == CONTENT


@pytest.mark.parametrize("kept", [CONTENT, CONTENT + b"more"])
def test_a_part_that_is_whole_or_too_long_is_no_trouble(registry, tmp_path, kept):
    (tmp_path / ".a.wav.part").write_bytes(kept)
    fetch(find_fetchable("little", registry(("/a.wav", CONTENT, False))), tmp_path, progress=False)
    assert (tmp_path / "a.wav").read_bytes() == CONTENT


def test_a_file_of_another_checksum_is_thrown_away(server, registry, tmp_path):
    little = find_fetchable("little", registry(("/a.wav", CONTENT, False)))
    server.files["/a.wav"] = CONTENT[:-1] + b"?"
    with pytest.raises(FetchError, match=r"a\.wav is not the file that its checksum sha256:.* was thrown away"):
        fetch(little, tmp_path / "out", progress=False)
    assert names(tmp_path / "out") == []
    server.files["/a.wav"] = CONTENT
    fetch(little, tmp_path / "out", progress=False)
    assert server.asked == ["", ""]


def test_an_md5_sum_is_looked_at_too(registry, tmp_path):
    checksum = f"md5:{hashlib.md5(CONTENT).hexdigest()}"
    fetch(find_fetchable("little", registry(("/a.wav", CONTENT, False, checksum))), tmp_path, progress=False)
    wrong = find_fetchable("little", registry(("/b.wav", CONTENT, False, f"md5:{'0' * 32}")))
    with pytest.raises(FetchError, match="is not the file"):
        fetch(wrong, tmp_path, progress=False)


def test_what_the_server_lacks_is_said(server, registry, tmp_path):
    little = find_fetchable("little", registry(("/a.wav", CONTENT, False)))
    server.files.clear()
    with pytest.raises(FetchError, match="answered 404 Not Found: try later"):
        fetch(little, tmp_path, progress=False)


def test_a_disk_that_is_too_small_is_said_before_anything_is_fetched(server, registry, tmp_path):
    with pytest.raises(FetchError, match=r"little needs 1e\+09 GB and .* GB left: make room, or name another folder"):
        fetch(find_fetchable("little", registry(("/a.wav", CONTENT, False), room_gb=1e9)), tmp_path, progress=False)
    assert server.asked == []


@pytest.mark.parametrize("checksum", ["", "sha256:", "md5:abc", "crc:00000000", "sha256:" + "g" * 64])
def test_a_file_without_a_checksum_is_refused(registry, checksum):
    with pytest.raises(FetchError, match="has no checksum"):
        fetchable(registry(("/a.wav", CONTENT, False, checksum)))


@pytest.mark.parametrize("scheme", ["http", "ftp", "file"])
def test_an_address_that_others_can_change_is_refused(registry, scheme):
    with pytest.raises(FetchError, match="is not https"):
        fetchable(registry(("/a.wav", CONTENT, False), scheme=scheme))


@pytest.mark.parametrize("text", ["", "[]", '{"sets": 3}', '{"sets": {"a": {}}}', '{"sets": {"a": {"files": []}}}'])
def test_a_registry_that_is_none_is_refused(tmp_path, text):
    (tmp_path / "sets.json").write_text(text)
    with pytest.raises(FetchError, match=r"is no registry of data sets|names no files"):
        fetchable(tmp_path / "sets.json")


def test_what_comes_with_pianolab_can_be_fetched_as_it_is_written():
    known = fetchable()
    assert {"maestro", "maestro-midi", "musicnet"} <= known.keys()
    for one in known.values():
        assert all((one.title, one.licence, one.cite, one.page, one.room_gb > 0))
        assert one.licence_url.startswith("https://creativecommons.org/")
    with pytest.raises(FetchError, match="did you mean maestro"):
        find_fetchable("mastro")


# The command


def run(*words):
    return main([str(word) for word in words])


def test_the_licence_is_shown_first_and_has_to_be_accepted(server, registry, tmp_path, monkeypatch, capsys):
    given = ["data", "fetch", "little", "--registry", registry(("/a.wav", CONTENT, False)), "--to", tmp_path / "out"]
    assert run(*given) == 2  # Nobody can be asked.
    shown = capsys.readouterr()
    assert "licence: CC BY 4.0" in shown.out
    assert "add --yes" in shown.err
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    for answer, code in (("", 1), ("n", 1), ("y", 0)):
        monkeypatch.setattr("builtins.input", lambda _prompt, answer=answer: answer)
        assert run(*given) == code
        assert (tmp_path / "out" / "a.wav").exists() == (code == 0)
    assert server.asked == [""]


def test_with_yes_nobody_is_asked_and_what_is_there_is_said(registry, tmp_path, capsys):
    given = ["data", "fetch", "little", "--registry", registry(("/a.wav", CONTENT, False)), "--to", tmp_path / "out"]
    assert run(*given, "--yes") == 0
    assert "pianolab compare --data" in capsys.readouterr().out
    assert run(*given) == 0
    assert "little is there already" in capsys.readouterr().out


def test_without_a_name_there_is_a_list(capsys):
    assert run("data", "fetch") == 0
    assert "maestro-midi" in capsys.readouterr().out
    assert run("data", "fetch", "nothing-like-it") == 2
    assert "there are maestro" in capsys.readouterr().err
