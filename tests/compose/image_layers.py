"""The layers of an image as files, and what in them must never have been built in."""

import json
import re
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from docker_command import docker

__all__ = ["LayerFile", "files_of", "secrets_in"]

_KEY: Final = re.compile(
    rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----\s+(?:[\w-]+: .*\s+)*[A-Za-z0-9+/=\s]{64,}"
)
_URL_WITH_PASSWORD: Final = re.compile(rb"https?://[^\s/:@]+:[^\s/@]+@")
_SETTINGS: Final = ("etc/", "root/", "home/")
"""Where a URL with a password would be a build machine's; elsewhere it is an example in a text."""
_SECRET_NAMES: Final = re.compile(
    r"(^|/)(admin-token|relay-key\.pem|relay-cert\.pem|pin|\.env|\.netrc|\.pypirc|id_[a-z0-9]+"
    r"|\.docker/config\.json|\.git)(/|$)"
)


@dataclass(frozen=True, slots=True)
class LayerFile:
    """A regular file in one layer; a later layer may have hidden it, but not removed it."""

    layer: int
    path: str
    content: bytes


def files_of(image: str) -> Iterator[LayerFile]:
    """Read every regular file of every layer, as whoever pulls the image can."""
    with ExitStack() as open_files:
        folder = open_files.enter_context(tempfile.TemporaryDirectory())
        docker("save", "--output", f"{folder}/image.tar", image)
        archive = open_files.enter_context(tarfile.open(f"{folder}/image.tar"))
        for number, name in enumerate(_layer_names(archive)):
            layer = archive.extractfile(name)
            assert layer is not None
            with tarfile.open(fileobj=layer) as files:
                for member in files:
                    opened = files.extractfile(member) if member.isreg() else None
                    if opened is not None:
                        yield LayerFile(number, member.name.removeprefix("./"), opened.read())


def secrets_in(file: LayerFile) -> Iterator[str]:
    """Say what in a file is a secret, or is named like one."""
    if _SECRET_NAMES.search(file.path):
        yield f"its name: {file.path}"
    if _KEY.search(file.content):
        yield f"a private key in {file.path}"
    if file.path.startswith(_SETTINGS) and _URL_WITH_PASSWORD.search(file.content):
        yield f"a password in {file.path}"


def _layer_names(archive: tarfile.TarFile) -> list[str]:
    manifest = archive.extractfile("manifest.json")
    assert manifest is not None
    (image,) = json.load(manifest)
    return [str(name) for name in image["Layers"]]
