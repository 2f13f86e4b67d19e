"""The shipped taxonomy, a team's own, and files that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from feedback_mining.errors import UnreadableFile
from feedback_mining.resources import data_dir, models_dir
from feedback_mining.taxonomy import Taxonomy, shipped

OWN = """
name: 园艺
version: 3
themes:
  - {id: water, zh: 浇水, en: Watering, description: 浇多浇少, seeds: [浇水, 100]}
  - {id: light, zh: 光照, en: Light, description: 太暗, seeds: [暗]}
"""


def test_the_default_names_every_theme_in_both_languages() -> None:
    taxonomy = Taxonomy.load()
    assert str(taxonomy) == f"{taxonomy.name}-{taxonomy.version}"
    assert {"general", "stability"} <= set(taxonomy.labels())
    assert taxonomy.labels().keys() == taxonomy.labels("en").keys()
    assert all(t.zh and t.en.isascii() and t.description and t.seeds for t in taxonomy.themes)
    assert len(set(taxonomy.labels().values())) == len(taxonomy.themes)


def test_a_path_is_read_as_a_teams_own(tmp_path: Path) -> None:
    path = tmp_path / "own.yml"
    path.write_text(OWN, encoding="utf-8")
    taxonomy = Taxonomy.load(path)
    assert str(taxonomy) == "园艺-3"
    assert taxonomy.labels() == {"water": "浇水", "light": "光照"}
    assert taxonomy.labels("en") == {"water": "Watering", "light": "Light"}
    assert taxonomy.themes[0].seeds == ("浇水", "100")
    assert Taxonomy.load(str(path)) == taxonomy


@pytest.mark.parametrize(
    "content",
    [
        "",
        "- 1",
        "name: [",
        "name: a\nversion: x\nthemes: []",
        OWN.replace("en: Light, ", ""),
        "themes: 1\nname: a\nversion: 1",
    ],
)
def test_what_is_no_taxonomy_is_refused_with_its_path(tmp_path: Path, content: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UnreadableFile, match="is not a taxonomy") as caught:
        Taxonomy.load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("seeds: [暗]", "seeds: []", "'light' has no seeds"),
        ("seeds: [暗]", "seeds: 暗", "'light' has no seeds"),
        ("id: light", "id: 光", "id that cannot be used"),
        ("id: light", "id: Light-1", "id that cannot be used"),
        ("description: 太暗", "descripton: 太暗", "unknown keys: descripton"),
        ("name: 园艺", "name: 园艺\nlanguage: zh", "unknown keys: language"),
        (", seeds: [暗]", "", "'light' lacks seeds"),
        ("zh: 光照", "zh: ''", "'light' has no zh"),
        ("seeds: [暗]", "seeds: [暗], maps_to: 3", "maps_to 3"),
        ("zh: 光照", "zh: 浇水", "names a theme twice: 浇水"),
    ],
)
def test_a_mistake_is_told_with_its_theme(tmp_path: Path, old: str, new: str, told: str) -> None:
    path = tmp_path / "own.yaml"
    assert old in OWN
    path.write_text(OWN.replace(old, new), encoding="utf-8")
    with pytest.raises(UnreadableFile, match=told):
        Taxonomy.load(path)


def test_a_taxonomy_is_written_as_it_is_read(tmp_path: Path) -> None:
    for name in shipped():
        Taxonomy.load(name).write(tmp_path)
        assert Taxonomy.load(tmp_path) == Taxonomy.load(name)


def test_messages_are_one_line(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("name: [\n  a: b: c", encoding="utf-8")
    with pytest.raises(UnreadableFile) as caught:
        Taxonomy.load(path)
    assert "\n" not in str(caught.value)


def test_missing_and_undecodable_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="nowhere"):
        Taxonomy.load("nowhere")
    path = tmp_path / "own.yaml"
    path.write_bytes("name: 园艺".encode("gbk"))
    with pytest.raises(UnreadableFile, match=r"own\.yaml"):
        Taxonomy.load(path)


def test_an_id_twice_is_named(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(OWN.replace("id: light", "id: water"), encoding="utf-8")
    with pytest.raises(UnreadableFile, match="names a theme twice: water"):
        Taxonomy.load(path)


def test_resources_are_folders_that_hold_what_they_promise() -> None:
    assert (data_dir() / "taxonomy" / "default.yaml").is_file()
    assert list((data_dir() / "dictionaries").glob("*.txt"))
    assert (models_dir() / "current.json").is_file()
