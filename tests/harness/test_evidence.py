"""The evidence folder: sealed whole or not at all, never overwritten, without secrets."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from compare.folders.bundle import verify
from harness.errors import ProgramFailed, WrongUse
from harness.evidence.folder import PARTIAL, Evidence

SEAL_ONE = """
import sys
from pathlib import Path
from harness.evidence.folder import Evidence
with Evidence(Path(sys.argv[1]), "together") as evidence:
    evidence.write("a.txt", "content of a\\n")
    evidence.write("deep/b.txt", "content of b\\n" * int(sys.argv[2]))
print(evidence.final.name)
"""


def seal_in_process(root: Path, size: int = 10) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", SEAL_ONE, str(root), str(size)], stdout=subprocess.PIPE, text=True)


def folders(root: Path) -> list[Path]:
    return sorted(root.iterdir()) if root.is_dir() else []


def test_a_sealed_folder_verifies_and_sha256sum_agrees(tmp_path: Path) -> None:
    with Evidence(tmp_path, "a run") as evidence:
        evidence.write("one.txt", "1\n")
        evidence.write_json("deep/two.json", {"pi": 3.141592653589793})
    assert folders(tmp_path) == [evidence.final]
    assert evidence.final.name.endswith("Z_a-run")
    assert verify(evidence.final).findings == ()
    checked = subprocess.run(["sha256sum", "-c", "--strict", "sha256.txt"], cwd=evidence.final, capture_output=True)
    assert checked.returncode == 0
    manifest = (evidence.final / "sha256.txt").read_text().splitlines()
    pages = ["diagnostics.md", "env.json", "report.html", "report.json"]
    assert [line[66:] for line in manifest] == sorted(["commands.txt", "deep/two.json", "one.txt", *pages])


def test_floats_in_json_read_back_to_the_same_bits(tmp_path: Path) -> None:
    value = 2.8813954268469804e-07
    with Evidence(tmp_path, "x") as evidence:
        evidence.write_json("metrics.json", {"I": value})
    assert json.loads((evidence.final / "metrics.json").read_text())["I"] == value


def test_a_failure_is_sealed_with_its_output_and_traceback(tmp_path: Path) -> None:
    def failing_run() -> None:
        with Evidence(tmp_path, "x") as evidence:
            evidence.write("before.txt", "made before\n")
            raise ProgramFailed("the program crashed", "its last words")

    with pytest.raises(ProgramFailed):
        failing_run()
    (folder,) = folders(tmp_path)
    assert verify(folder).sealed
    assert (folder / "before.txt").is_file()
    text = (folder / "failure.txt").read_text()
    assert "its last words" in text
    assert "Traceback" in text
    assert "exit 4" in (folder / "commands.txt").read_text()


def test_an_interrupted_run_is_sealed_too(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), Evidence(tmp_path, "x") as evidence:
        raise KeyboardInterrupt
    assert verify(evidence.final).sealed
    assert "exit 130" in (evidence.final / "commands.txt").read_text()


def test_wrong_use_leaves_neither_folder_nor_root(tmp_path: Path) -> None:
    with pytest.raises(WrongUse), Evidence(tmp_path / "new", "x"):
        raise WrongUse("no such pixel")
    assert folders(tmp_path) == []


@pytest.mark.parametrize("name", ["../out.txt", "/etc/x", "sha256.txt", "a b", "", "a/../b", ".hidden", "line\nbreak"])
def test_a_name_that_could_not_be_verified_is_refused(tmp_path: Path, name: str) -> None:
    with Evidence(tmp_path, "x") as evidence, pytest.raises(ValueError, match="not a name"):
        evidence.write(name, "content")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    with Evidence(tmp_path, "x") as evidence:
        evidence.write("a.txt", "first")
        with pytest.raises(FileExistsError):
            evidence.write("a.txt", "second")
    assert (evidence.final / "a.txt").read_text() == "first"


def test_eight_processes_in_the_same_second_make_eight_folders(tmp_path: Path) -> None:
    processes = [seal_in_process(tmp_path) for _ in range(8)]
    names = {process.communicate(timeout=60)[0].strip() for process in processes}
    assert len(names) == 8
    assert {folder.name for folder in folders(tmp_path)} == names
    assert all(verify(folder).sealed for folder in folders(tmp_path))


@pytest.mark.parametrize("delay_ms", [40, 80, 110, 130, 150, 170, 190, 220])
def test_a_killed_run_never_looks_sealed_and_the_next_one_works(tmp_path: Path, delay_ms: int) -> None:
    process = seal_in_process(tmp_path, 200_000)
    time.sleep(delay_ms / 1000)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    for folder in folders(tmp_path):
        assert verify(folder).sealed is not folder.name.endswith(PARTIAL)
    with Evidence(tmp_path, "together") as evidence:
        evidence.write("next.txt", "works\n")
    assert verify(evidence.final).sealed


def test_a_root_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WrongUse, match="--out-dir"):
        Evidence(tmp_path / "file", "x")


@pytest.mark.parametrize("when", ["writing", "sealing"])
def test_a_full_disk_ends_with_a_clear_error_and_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    def attempt() -> None:
        with Evidence(tmp_path / "new", "x") as evidence:
            if when == "writing":
                monkeypatch.setattr(os, "fsync", full)
            evidence.write("a.txt", "content")
            monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(WrongUse, match="nothing was sealed") as caught:
        attempt()
    assert caught.value.exit_code == 2
    assert folders(tmp_path) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_really_full_file_system_leaves_no_sealed_folder(tmp_path: Path) -> None:
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)], capture_output=True)
    if mount.returncode != 0:
        pytest.skip("this machine does not let tests mount a file system")
    try:
        with pytest.raises(WrongUse, match="nothing was sealed"), Evidence(tmp_path, "x") as evidence:
            evidence.write("large.txt", "x" * 200_000)
        assert folders(tmp_path) == []
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_credentials_are_never_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.evidence.environment import environment_record

    planted = {
        "MY_API_TOKEN": "tok-3f9a8c71d2",
        "TORCH_HUB_PASSWORD": "pass-77aa66bb55",
        "OMP_SECRET": "omp-secret-value",
        "AWS_SECRET_ACCESS_KEY": 'aws"quoted\\value',
    }
    for name, value in planted.items():
        monkeypatch.setenv(name, value)
    with Evidence(tmp_path, "x") as evidence:
        evidence.write_json("env.json", environment_record())
        evidence.write("log.txt", f"connecting with {planted['MY_API_TOKEN']}\n")
        evidence.write_json("echo.json", {"said": planted["AWS_SECRET_ACCESS_KEY"]})
        evidence.command(["train", "--api-key", "on-the-command-line", "--password=also-there"], Path("/"), 0.0, 0)
    content = "".join(path.read_text() for path in evidence.final.iterdir())
    for value in (*planted.values(), "on-the-command-line", "also-there", 'aws\\"quoted'):
        assert value not in content
    assert "TORCH_HUB_PASSWORD" not in content


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("fetching https://ana:hunter2@example.org/a.hkl", "hunter2"),
        ("git clone http://x-access-token:ghx12345@host/r.git", "ghx12345"),
        ("Authorization: Basic YW5hOmh1bnRlcjI=", "YW5hOmh1bnRlcjI="),
        ("> authorization: token 0a1b2c3d", "0a1b2c3d"),
        ('{"Authorization": "Bearer abc.def"}'.replace('": "', ": "), "abc.def"),
        ("curl -H 'Proxy-Authorization: Bearer zzzz-1111'", "zzzz-1111"),
        ("using bearer 0123456789abcdef", "0123456789abcdef"),
        ("id_token eyJhbGciOi.eyJzdWIiOiIx.c2ln done", "eyJhbGciOi.eyJzdWIiOiIx.c2ln"),
    ],
)
def test_what_a_credential_looks_like_is_cut_out_of_any_text(text: str, secret: str, tmp_path: Path) -> None:
    with Evidence(tmp_path, "x") as evidence:
        evidence.write("log.txt", text + "\n")
        evidence.command(["sh", "-c", text], Path("/"), 0.0, 0)
    content = "".join(path.read_text() for path in evidence.final.iterdir())
    assert secret not in content
    assert "[secret]" in content


@pytest.mark.parametrize(
    ("words", "secret"),
    [
        (["curl", "-u", "ana:hunter2", "host"], "hunter2"),
        (["curl", "--user=ana:hunter2"], "hunter2"),
        (["curl", "-uana:hunter2"], "hunter2"),
        (["wget", "--proxy-user", "ana:hunter2"], "hunter2"),
        (["x", "--db-pass", "hunter2"], "hunter2"),
        (["x", "JWT=hunter2"], "hunter2"),
    ],
)
def test_a_password_on_a_command_line_is_not_kept(words: list[str], secret: str) -> None:
    from harness.evidence.redaction import hide_secrets

    assert secret not in " ".join(hide_secrets(words))


def test_values_of_variables_that_hold_credentials_are_cut_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = {"PGPASS": "swordfish", "MY_JWT": "abcdefgh", "DATABASE_URL": "postgres://ana:opensesame@db/x"}
    for name, value in planted.items():
        monkeypatch.setenv(name, value)
    with Evidence(tmp_path, "x") as evidence:
        evidence.write("log.txt", "swordfish abcdefgh opensesame\n")
    assert (evidence.final / "log.txt").read_text() == "[secret] [secret] [secret]\n"


@pytest.mark.parametrize("name", ["PWD", "OLDPWD", "OMP_WAIT_POLICY", "SSH_AUTH_SOCK", "XDG_SESSION_TYPE", "KEYBOARD"])
def test_ordinary_variables_are_no_secrets(name: str) -> None:
    from harness.evidence.redaction import looks_secret

    assert not looks_secret(name)


def test_a_credential_of_digits_is_not_cut_out_of_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOOR_TOKEN", "123456")
    with Evidence(tmp_path, "x") as evidence:
        evidence.write("trace.log", "I 0.123456 h=-123456 k=1234567\ncode 123456, again=123456\n")
    text = (evidence.final / "trace.log").read_text()
    assert text == "I 0.123456 h=-123456 k=1234567\ncode [secret], again=[secret]\n"


def test_redaction_leaves_out_host_user_and_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.evidence.folder import redaction

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(redaction, "_names", lambda: [("beamline7", "[host]"), ("miller", "[user]")])
    with Evidence(tmp_path / "reports", "x", redact=True) as evidence:
        evidence.write("log.txt", f"{tmp_path}/data/a.hkl on beamline7 for miller: Miller indices\n")
    text = (evidence.final / "log.txt").read_text()
    assert text == "./data/a.hkl on [host] for [user]: Miller indices\n"
