"""The words that both programs read, and what they answer to wrong ones."""

import numpy as np
import pytest

from subjects.ptychography import port

REFUSED = [
    ([], 9, "nothing to compute"),
    (["-image", "i.npy"], 2, "-scan FILE is needed"),
    (["-imag", "i.npy"], 2, "the nearest flag is -image"),
    (["-scan"], 2, "-scan needs a name after it"),
    (["-scan", "absent.npz", "-image", "i.npy"], 2, "cannot read absent.npz"),
    (["-interp", "cubic"], 2, "bilinear"),
    (["-nphotons", "-3"], 2, "positive number"),
    (["-positions", "1,x"], 2, "separated by commas"),
    (["-trace", "1", "2"], 2, "-trace needs"),
    (["-defects", "crop"], 2, "crop-stitch"),
    (["-mode", "exact"], 2, "c-parity"),
]


@pytest.mark.parametrize(("argv", "status", "words"), REFUSED, ids=[" ".join(r[0]) or "none" for r in REFUSED])
def test_both_programs_refuse_in_one_line(argv, status, words, ptycho_c, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    finished = ptycho_c(*argv)
    assert (finished.returncode, port.main(argv)) == (status, status)
    for said in (finished.stderr, capsys.readouterr().err):
        assert words in said
        assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"probeGuess": np.ones((32, 32))}, "complex"),
        ({"xcoords": np.zeros(3)}, "3 "),
        ({"xcoords": np.array(["a"] * 16)}, "xcoords"),
        ({"measurement": np.array("photons")}, "amplitude"),
        ({"objectGuess": np.ones((40, 40), np.complex64) * np.arange(40)}, "object"),
        ({"objectGuess": None}, "objectGuess"),
    ],
)
def test_both_programs_refuse_a_bad_scan_and_write_nothing(changes, words, ptycho_c, scan_file, capsys, tmp_path):
    path = scan_file(**changes)
    argv = ["-scan", str(path), "-image", str(tmp_path / "i.npy")]
    finished = ptycho_c(*argv)
    assert finished.returncode == port.main(argv) == 2
    assert words in finished.stderr
    assert words in capsys.readouterr().err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["scan.npz"]


def test_the_c_program_refuses_compressed_members(ptycho_c, small_arrays, tmp_path):
    np.savez_compressed(tmp_path / "s.npz", **small_arrays)
    finished = ptycho_c("-scan", tmp_path / "s.npz", "-image", tmp_path / "i.npy")
    assert finished.returncode == 2
    assert "np.savez" in finished.stderr


@pytest.mark.parametrize("size", [0, 30, 1000, 50_000])
def test_a_cut_off_file_is_refused_by_both(size, ptycho_c, scan_file, capsys, tmp_path):
    path = scan_file()
    path.write_bytes(path.read_bytes()[:size])
    argv = ["-scan", str(path), "-image", str(tmp_path / "i.npy")]
    assert ptycho_c(*argv).returncode == port.main(argv) == 2


def test_integers_of_every_width_are_read_alike(ptycho_c, scan_file, tmp_path):
    counts = np.arange(16 * 32 * 32).reshape(16, 32, 32) % 100
    for dtype in (np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64):
        path = scan_file(diffraction=counts.astype(dtype), measurement=None, probe_gauge=np.array("relative"))
        argv = ["-scan", str(path), "-image", str(tmp_path / "i.npy"), "-positions", "0"]
        assert ptycho_c(*argv).returncode == 0
        mine = port.run(port.parse(argv)).image
        np.testing.assert_array_equal(mine, np.load(tmp_path / "i.npy"))


def test_the_port_runs_as_a_program(scan_file, tmp_path, capsys):
    argv = ["-scan", str(scan_file()), "-stitch", str(tmp_path / "s.npy"), "-trace", "3", "16", "16", "-case", "demo"]
    assert port.main(argv) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "TRACE_PY: trace_format 1"
    assert "TRACE_PY: case demo" in lines
    assert lines[-1].startswith("TRACE_PY: expected_count ")
    assert np.load(tmp_path / "s.npy").dtype == np.complex128
