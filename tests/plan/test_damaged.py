# SPDX-License-Identifier: Apache-2.0
"""Damaged files of every format: cut at any byte, packed without end, claiming more than they hold."""

from __future__ import annotations

import contextlib
import gzip
import io
import random
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

from electro_plan import opening
from electro_plan.errors import PlanError
from electro_plan.reading import read as read_file
from electro_plan.settings import ReadSettings
from electro_plan.writing import write
from electro_plan.writing.export import Export
from tests.plan.files import history, kwh, text
from tests.plan.test_formats import espi, mscons, nem12, xml80020

if TYPE_CHECKING:
    from pathlib import Path

    from electro_plan.history import LoadHistory

MOSCOW = ReadSettings(zone="Europe/Moscow")


def files(folder: Path) -> dict[str, bytes]:
    """Return a whole file of each format."""
    load = history([kwh(index) * 1000 for index in range(96)], 1_709_510_400)
    packed = {}
    for name in ("xlsx", "parquet"):
        write(Export(load), folder / name, name)
        packed[name] = (folder / name).read_bytes()
    return {
        "nem12": nem12().encode(),
        "mscons": mscons().encode(),
        "80020": xml80020(),
        "espi": espi().encode(),
        "gz": gzip.compress(text("time,kWh", days=1).encode()),
        "zip": zipped("load.csv", text("time,kWh", days=1).encode()),
        **packed,
    }


def zipped(name: str, data: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return stream.getvalue()


@pytest.mark.parametrize("name", ["nem12", "mscons", "80020", "espi", "gz", "zip", "xlsx", "parquet"])
def test_a_file_that_is_cut_never_passes_for_the_whole(name: str, tmp_path: Path) -> None:
    data = files(tmp_path)[name]
    path = tmp_path / "cut"
    path.write_bytes(data)
    assert len(read_file(path, MOSCOW).history) >= 48
    end = len(data) if name == "zip" else len(data.rstrip())
    step = max(1, end // 300)
    for cut in [*range(0, end, step), *range(max(0, end - 40), end)]:
        path.write_bytes(data[:cut])
        with pytest.raises(PlanError):
            read_file(path, MOSCOW)


@pytest.mark.parametrize("name", ["nem12", "mscons", "80020", "espi", "gz", "zip", "xlsx", "parquet"])
def test_a_file_with_a_wrong_byte_gives_a_history_or_a_sentence(name: str, tmp_path: Path) -> None:
    data = files(tmp_path)[name]
    path = tmp_path / "spoilt"
    chance = random.Random(14)
    for _ in range(150):
        spoilt = bytearray(data)
        for _ in range(chance.randint(1, 3)):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        path.write_bytes(spoilt)
        with contextlib.suppress(PlanError):
            assert sound(read_file(path, MOSCOW).history)


def sound(load: LoadHistory) -> bool:
    known = load.energy_wh[~load.missing]
    return len(load) > 0 and bool(np.all(np.isfinite(known))) and bool(np.all(known >= 0))


def test_a_zip_that_unpacks_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MOST_BYTES", 2**20)
    zeros = bytes(8 * 2**20)
    path = tmp_path / "bomb"
    for bomb in (
        gzip.compress(zeros),
        zipped("load.csv", zeros),
        gzip.compress(zipped("load.csv", zeros)),
        zipped("xl/workbook.xml", zeros),
    ):
        path.write_bytes(bomb)
        with pytest.raises(PlanError, match=r"more than 1 MB"):
            read_file(path)


def test_a_file_packed_again_and_again_is_refused(tmp_path: Path) -> None:
    data = b"time,kWh\n"
    for _ in range(6):
        data = gzip.compress(data)
    (tmp_path / "deep.gz").write_bytes(data)
    with pytest.raises(PlanError, match="packed more than 3 times"):
        read_file(tmp_path / "deep.gz")


def test_an_encrypted_zip_is_named(tmp_path: Path) -> None:
    data = bytearray(zipped("load.csv", text("time,kWh", days=1).encode()))
    data[6] |= 1  # APPNOTE.TXT 4.4.4: bit 0 of the general purpose flag
    central = data.index(b"PK\x01\x02")
    data[central + 8] |= 1
    (tmp_path / "load.zip").write_bytes(bytes(data))
    with pytest.raises(PlanError, match="is encrypted"):
        read_file(tmp_path / "load.zip")


def test_the_figures_of_a_wide_day_of_25_hours_are_counted_from_midnight(tmp_path: Path) -> None:
    lines = ["Date," + ",".join(f"P{index}" for index in range(1, 51))]
    for day, count in ((26, 48), (27, 50), (28, 48)):
        figures = [f"{kwh(index):.2f}" if index < count else "" for index in range(50)]
        lines.append(f"2024-10-{day},{','.join(figures)}")
    (tmp_path / "wide.csv").write_text("\n".join(lines) + "\n")
    load = read_file(tmp_path / "wide.csv", ReadSettings(zone="Europe/London", unit="kWh")).history
    assert (len(load), load.gaps()) == (146, [])
    assert np.all(np.diff(load.starts_s) == 1800)
