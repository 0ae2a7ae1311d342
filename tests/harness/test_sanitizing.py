"""What is taken for a sanitizer's complaint."""

from pathlib import Path

import pytest
from typer import Exit

from harness.running.processes import run
from harness.running.sanitizing import complaint, end_with


@pytest.mark.parametrize(
    ("script", "expected", "said"),
    [
        ("exit 0", (0,), ""),
        ("echo refused >&2; exit 2", (2, 9), ""),
        ("exit 1", (0,), "exit status 1"),
        ("exit 0", (2, 9), "exit status 0"),
        ("echo 'a.c:3: runtime error: shift exponent' >&2", (0,), "shift exponent"),
        ("echo '==1==ERROR: AddressSanitizer: overflow' >&2; exit 2", (2,), "overflow"),
    ],
)
def test_a_run_is_right_with_its_status_and_without_a_sanitizers_word(
    script: str, expected: tuple[int, ...], said: str, tmp_path: Path
) -> None:
    text = complaint("a case", run(["sh", "-c", script], tmp_path, 10), expected)
    assert bool(text) == bool(said)
    assert said in text


@pytest.mark.parametrize(("complaints", "status"), [([], 0), (["a case: overflow"], 1)])
def test_any_complaint_ends_with_1(complaints: list[str], status: int, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exit) as ended:
        end_with(3, complaints)
    assert ended.value.exit_code == status
    captured = capsys.readouterr()
    assert f"3 runs under the sanitizers, {len(complaints)} complaints" in captured.out
    assert "".join(f"{text}\n" for text in complaints) == captured.err
