"""``compare verify``: whatever is done to a sealed folder is found, and named."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from compare.errors import InputError
from compare.folders.bundle import verify
from compare.folders.signature import require_signer, sign

FILES = {
    "commands.txt": b"harness parity\n",
    "env.json": b"{}\n",
    "case.json": b'{"case": "x"}\n',
    "trace_c.log": b"TRACE_C: pixel 1 2\n" * 50,
    "deep/page.html": b"<p>\xc3\xa9</p>",
}


def make_sealed(folder: Path) -> Path:
    lines = []
    for name, content in sorted(FILES.items()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        lines.append(f"{hashlib.sha256(content).hexdigest()}  {name}\n")
    (folder / "sha256.txt").write_text("".join(lines))
    return folder


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    return make_sealed(tmp_path / "20260101T000000Z_x")


def names_found(folder: Path) -> set[str]:
    return {finding.name for finding in verify(folder).findings}


def flip(path: Path, rng: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(bytes(content))


def truncate(path: Path, rng: random.Random) -> None:
    os.truncate(path, rng.randrange(path.stat().st_size))


def replace_by_link(path: Path, rng: random.Random) -> None:
    outside = path.parent.parent / f"outside_{rng.random()}"
    shutil.copy(path, outside)
    path.unlink()
    path.symlink_to(outside)


def rename(path: Path, rng: random.Random) -> None:
    path.rename(path.with_name(f"renamed_{rng.randrange(1000)}"))


TAMPERINGS: list[Callable[[Path, random.Random], None]] = [
    flip,
    truncate,
    lambda path, rng: path.unlink(),
    rename,
    replace_by_link,
    lambda path, rng: path.write_bytes(path.read_bytes() + b"\n"),
]


def test_a_sealed_folder_verifies(sealed: Path) -> None:
    outcome = verify(sealed)
    assert outcome.sealed
    assert outcome.files == len(FILES)


@pytest.mark.parametrize("seed", range(120))
def test_every_change_of_a_file_is_found_and_named(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    folder = make_sealed(tmp_path / "run")
    name = rng.choice([*FILES, "sha256.txt"])
    rng.choice(TAMPERINGS)(folder / name, rng)
    outcome = verify(folder)
    assert not outcome.sealed
    if name != "sha256.txt":
        assert any(name in str(finding) for finding in outcome.findings)


@pytest.mark.parametrize("kind", ["file", "deep file", "empty folder", "link", "hidden file", "fifo"])
def test_every_addition_is_found_and_named(sealed: Path, kind: str) -> None:
    match kind:
        case "file":
            (sealed / "extra.txt").write_text("")
        case "deep file":
            (sealed / "deep" / "extra.txt").write_text("x")
        case "empty folder":
            (sealed / "extra.txt").mkdir()
        case "link":
            (sealed / "extra.txt").symlink_to("/etc")
        case "hidden file":
            (sealed / ".extra.txt").write_text("x")
        case "fifo":
            os.mkfifo(sealed / "extra.txt")
    assert any("extra.txt" in name for name in names_found(sealed))


@pytest.mark.parametrize(
    "line",
    [
        "{hash}  /etc/passwd",
        "{hash}  ../other/case.json",
        "{hash}  deep/../case.json",
        "{hash} *case.json",
        "{HASH}  zz.json",
        "{hash}  ./case.json",
        "\\{hash}  a\\nb",
        "short  case.json",
        "",
        "# a comment",
        "{hash}  sha256.txt",
        "{hash}  case.json",
        "{hash}  trace_c.log\r",
    ],
)
def test_a_manifest_line_that_is_not_plain_is_refused(sealed: Path, line: str) -> None:
    digest = hashlib.sha256(FILES["case.json"]).hexdigest()
    with open(sealed / "sha256.txt", "a", newline="") as manifest:
        manifest.write(line.format(hash=digest, HASH=digest.upper()) + "\n")
    assert not verify(sealed).sealed


def test_a_manifest_through_a_linked_folder_is_refused(sealed: Path, tmp_path: Path) -> None:
    shutil.move(sealed / "deep", tmp_path / "elsewhere")
    (sealed / "deep").symlink_to(tmp_path / "elsewhere")
    assert "deep" in names_found(sealed)


def test_an_unsorted_manifest_is_refused(sealed: Path) -> None:
    lines = (sealed / "sha256.txt").read_text().splitlines(keepends=True)
    (sealed / "sha256.txt").write_text("".join(reversed(lines)))
    assert names_found(sealed) == {"sha256.txt"}


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe\x00"])
def test_a_folder_without_a_readable_manifest_is_not_sealed(sealed: Path, content: bytes | None) -> None:
    (sealed / "sha256.txt").unlink()
    if content is not None:
        (sealed / "sha256.txt").write_bytes(content)
    assert "sha256.txt" in names_found(sealed)


def test_a_partial_folder_is_never_sealed(tmp_path: Path) -> None:
    folder = make_sealed(tmp_path / "20260101T000000Z_x.partial")
    assert not verify(folder).sealed


def test_a_folder_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError):
        verify(tmp_path / "nowhere")


# ---- folders of other programs ------------------------------------------------------------------------------------


def make_foreign(folder: Path) -> Path:
    """As ``sha256sum -b ./z "./a file"`` leaves it: another order, another form of line, and a file beside it."""
    folder.mkdir()
    lines = []
    for name, content in (("z", b"last"), ("a file", b"first")):
        (folder / name).write_bytes(content)
        lines.append(f"{hashlib.sha256(content).hexdigest().upper()} *./{name}\n")
    (folder / "sha256.txt").write_text("".join(lines))
    (folder / "notes").write_text("not listed")
    return folder


def test_a_folder_of_another_program_is_intact_and_not_ours(tmp_path: Path) -> None:
    outcome = verify(make_foreign(tmp_path / "foreign"))
    assert outcome.sealed
    assert not outcome.ours
    assert {remark.name for remark in outcome.remarks} == {"sha256.txt", "notes"}


@pytest.mark.parametrize("harm", ["change", "remove", "link", "outside"])
def test_a_folder_of_another_program_that_changed_does_not_verify(harm: str, tmp_path: Path) -> None:
    folder = make_foreign(tmp_path / "foreign")
    if harm == "change":
        (folder / "z").write_bytes(b"other")
    elif harm == "outside":
        with (folder / "sha256.txt").open("a") as manifest:
            manifest.write(f"{hashlib.sha256(b'').hexdigest()}  ../elsewhere\n")
    else:
        (folder / "z").unlink()
    if harm == "link":
        (tmp_path / "elsewhere").write_bytes(b"last")
        (folder / "z").symlink_to(tmp_path / "elsewhere")
    assert not verify(folder).sealed


def test_a_manifest_beyond_all_bounds_is_not_read(sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compare.folders.bundle.MOST_MANIFEST_BYTES", 10)
    (finding,) = [finding for finding in verify(sealed).findings if finding.name == "sha256.txt"]
    assert "more than 10 are not read" in finding.problem


def test_folders_inside_folders_inside_folders_are_no_recursion(sealed: Path) -> None:
    place = sealed
    for _ in range(1200):
        place = place / "d"
        place.mkdir()
    try:
        assert any("folder without files" in finding.problem for finding in verify(sealed).findings)
    finally:
        subprocess.run(["rm", "-r", str(sealed)], check=True)  # too deep for Python's own way of removing it


def test_names_in_a_folder_are_no_terminal_controls(sealed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from compare.cli import run

    (sealed / "\x1b[2J\n::error::x").write_text("")
    assert run("verify", [str(sealed)]) == 5
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert all(line.startswith("FAILED ") for line in said.splitlines())


# ---- signatures ---------------------------------------------------------------------------------------------------


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A folder with two keys and a file that allows the first of them."""
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is not installed: the package openssh-client of the system")
    folder = tmp_path / "keys"
    folder.mkdir()
    for name in ("mine", "other"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(folder / name)]
        subprocess.run(words, check=True)
    (folder / "signers").write_text(f"beamline@example {(folder / 'mine.pub').read_text()}")
    return folder


def verified(folder: Path, *words: str) -> int:
    from compare.cli import run

    return run("verify", [str(folder), *words])


def test_a_signed_folder_says_who_sealed_it(sealed: Path, keys: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sign(sealed, keys / "mine")
    assert verified(sealed, "--signers", str(keys / "signers")) == 0
    assert "signed by beamline@example" in capsys.readouterr().out
    assert verified(sealed) == 0


def test_a_folder_that_is_not_signed_by_one_of_the_signers_does_not_verify(sealed: Path, keys: Path) -> None:
    assert verified(sealed, "--signers", str(keys / "signers")) == 5
    sign(sealed, keys / "other")
    assert verified(sealed, "--signers", str(keys / "signers")) == 5


def test_a_folder_sealed_again_after_it_was_signed_does_not_verify(sealed: Path, keys: Path) -> None:
    sign(sealed, keys / "mine")
    (sealed / "case.json").write_text("{}")
    shutil.copytree(sealed, again := sealed.with_name("again"))
    lines = [f"{hashlib.sha256((again / name).read_bytes()).hexdigest()}  {name}\n" for name in sorted(FILES)]
    (again / "sha256.txt").write_text("".join(lines))
    assert verified(again) == 0
    assert verified(again, "--signers", str(keys / "signers")) == 5


def test_a_key_that_is_none_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--sign takes the file|need ssh-keygen"):
        require_signer(tmp_path / "none")
    assert verified(tmp_path, "--signers", str(tmp_path / "none")) == 2
