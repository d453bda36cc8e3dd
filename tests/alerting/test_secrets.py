"""Secrets by reference: what can be named, and that nothing else can be read or shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.alerting.receivers import make, read
from monitor.alerting.secrets import NoSecret, Secrets
from monitor.domain.errors import BadRequest

HIDDEN = "s3cr3t"


def test_a_secret_of_a_file_and_of_a_variable(tmp_path: Path) -> None:
    (tmp_path / "hook").write_text(f"{HIDDEN}\n")
    secrets = Secrets(tmp_path, {"WATCHKEEPER_SECRET_A": HIDDEN})
    assert secrets.read("file:hook") == secrets.read("env:WATCHKEEPER_SECRET_A") == HIDDEN
    assert HIDDEN not in repr(secrets)


@pytest.mark.parametrize(
    "reference",
    [
        "",
        HIDDEN,
        "file:",
        "file:none",
        "file:../outside",
        "file:/etc/passwd",
        "file:..",
        "file:link",
        "file:large",
        "file:empty",
        "file:bytes",
        "file:folder",
        "file:a\x00b",
        "env:HOME",
        "env:WATCHKEEPER_SECRET_NONE",
        "vault:x",
    ],
)
def test_what_names_no_secret_says_so_and_shows_nothing(tmp_path: Path, reference: str) -> None:
    folder = tmp_path / "secrets"
    (folder / "folder").mkdir(parents=True)
    (tmp_path / "outside").write_text(HIDDEN)
    (folder / "link").symlink_to(tmp_path / "outside")
    (folder / "large").write_text("x" * 10_000)
    (folder / "empty").write_text("\n")
    (folder / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(NoSecret) as refused:
        Secrets(folder, {"HOME": HIDDEN}).read(reference)
    assert HIDDEN not in str(refused.value)


def test_settings_of_a_kind_are_strict() -> None:
    make("log", {"level": "error"}, Secrets(None, {})).close()
    with pytest.raises(BadRequest, match="colour: no such setting"):
        read("log", {"colour": HIDDEN})
    with pytest.raises(BadRequest, match="there are "):
        read("pigeon", {})
