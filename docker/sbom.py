"""`make sbom`: list what is in the images, as CycloneDX, from the images' own files.

For each image that is named, OUTPUT/NAME.cdx.json lists its Debian packages, its Python packages
and, in images that build Python themselves, Python. Nothing is run in the image and nothing asked
over the network: the engine exports the image's files, and the packages' own records are read.
CycloneDX 1.6: https://cyclonedx.org/docs/1.6/json/

Usage: python docker/sbom.py [--output FOLDER] IMAGE...
"""

import argparse
import json
import logging
import posixpath
import re
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from cyclonedx.contrib.license.exceptions import InvalidSpdxLicenseException
from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from debian.copyright import Copyright, NotMachineReadableError
from debian.deb822 import Deb822
from packageurl import PackageURL
from packaging.metadata import parse_email

LICENCES = LicenseFactory()
BUILD_HINT = "Build the images: docker compose --profile e2e build"
VERSION_LABEL = "org.opencontainers.image.version"
DPKG_STATUS = "var/lib/dpkg/status"
OS_RELEASE = "usr/lib/os-release"
METADATA = re.compile(r".*/site-packages/[^/]+\.dist-info/METADATA")
RECORDS = re.compile(
    rf"{DPKG_STATUS}|{OS_RELEASE}|usr/share/doc/[^/]+(/copyright)?|{METADATA.pattern}"
    r"|.*/site-packages/[^/]+\.dist-info/direct_url\.json"
)
"""Files that say what is installed. Debian's package of a library may link to another's folder."""


class SbomError(Exception):
    """An image can't be listed; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Root:
    """The records out of an image's root file system, by path without the leading slash."""

    files: dict[str, bytes] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    def read(self, path: str) -> bytes | None:
        """Return a record, also through a link in the place of it or of its folder."""
        folder, name = posixpath.split(path)
        path = posixpath.join(self.links.get(folder, folder), name)
        return self.files.get(self.links.get(path, path))


def read_root(stream: IO[bytes]) -> Root:
    """Take the records out of a root file system that comes as a tar stream."""
    root = Root()
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            path = posixpath.normpath(member.name).lstrip("/")
            if not RECORDS.fullmatch(path):
                continue
            if member.issym():
                target = posixpath.join("/", posixpath.dirname(path), member.linkname)
                root.links[path] = posixpath.normpath(target).lstrip("/")
            elif member.isreg() and (content := archive.extractfile(member)):
                root.files[path] = content.read()
    return root


def list_components(root: Root, environment: Mapping[str, str]) -> Iterator[Component]:
    """Yield everything in an image; `environment` is the one that the image sets.

    Raises `SbomError` without a package database: a list without its packages would be wrong.
    """
    status, release = root.read(DPKG_STATUS), root.read(OS_RELEASE)
    if status is None or release is None:
        raise SbomError(f"no Debian in it: it lacks /{DPKG_STATUS} or /{OS_RELEASE}")
    system = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', release.decode(), re.MULTILINE))
    name, version = system["ID"], system.get("VERSION_ID", "")
    yield Component(type=ComponentType.OPERATING_SYSTEM, name=name, version=version)
    for package in Deb822.iter_paragraphs(status.decode().splitlines()):
        if package.get("Status", "").endswith(" installed"):
            yield debian_component(root, package, name, f"{name}-{version}")
    for path in sorted(root.files):
        if METADATA.fullmatch(path):
            yield python_component(root, path)
    # Docker's own Python images compile Python: no package database knows of it.
    if python := environment.get("PYTHON_VERSION"):
        url = PackageURL("generic", name="python", version=python)
        yield component("python", python, url, [LICENCES.make_from_string("PSF-2.0")])


def debian_component(
    root: Root, package: Mapping[str, str], vendor: str, distribution: str
) -> Component:
    """Describe an installed Debian package; advisories go by the source that it is built from."""
    name, version = package["Package"], package["Version"]
    qualifiers = {"arch": package["Architecture"], "distro": distribution}
    if source := re.fullmatch(r"(\S+)(?: \((\S+)\))?", package.get("Source", "")):
        qualifiers["upstream"] = "@".join(filter(None, source.groups()))
    url = PackageURL("deb", vendor, name, version, qualifiers)
    copyright_file = root.read(f"usr/share/doc/{name}/copyright")
    return component(name, version, url, debian_licences(copyright_file or b""))


def debian_licences(copyright_file: bytes) -> list[License]:
    """Return the licences that a machine-readable copyright file names (DEP 5); else none."""
    lines = copyright_file.decode(errors="replace").splitlines()
    try:
        paragraphs = Copyright(lines, strict=False).all_files_paragraphs()
        found: list[Any] = [part.license for part in paragraphs]  # Any: typed as its descriptor
    except (NotMachineReadableError, ValueError):
        return []
    names = {licence.synopsis for licence in found if licence and licence.synopsis}
    return [named_licence(name) for name in sorted(names)]


def named_licence(name: str) -> License:
    """Return a licence by its SPDX id if the name is one; Debian's names mostly aren't."""
    try:
        return LICENCES.make_with_id(name)
    except InvalidSpdxLicenseException:
        return LICENCES.make_with_name(name)


def python_component(root: Root, path: str) -> Component:
    """Describe an installed Python package by its METADATA."""
    metadata, _ = parse_email(root.files[path])
    name, version = metadata["name"], metadata["version"]
    # pip writes this file for what comes from no index, such as softlan's own wheel.
    local = root.read(posixpath.join(posixpath.dirname(path), "direct_url.json"))
    url = PackageURL("generic" if local else "pypi", name=name, version=version)
    declared = metadata.get("license_expression") or metadata.get("license", "")
    if declared and "\n" not in declared:
        return component(name, version, url, [LICENCES.make_from_string(declared)])
    classifiers = [each.split(" :: ") for each in metadata.get("classifiers", [])]
    names = [parts[-1] for parts in classifiers if parts[0] == "License"]
    return component(name, version, url, [named_licence(each) for each in names])


def component(name: str, version: str, url: PackageURL, licences: list[License]) -> Component:
    """Return a library or program that is in an image."""
    return Component(
        name=name, version=version, purl=url, bom_ref=url.to_string(), licenses=licences
    )


def make_sbom(image: str, description: Mapping[str, Any], root: Root) -> str:
    """Return the CycloneDX document of an image, which `docker image inspect` describes.

    Raises `SbomError` for an image that isn't made of Debian.
    """
    config = description["Config"]
    environment = dict(each.split("=", 1) for each in config.get("Env") or ())
    bom = Bom(components=list_components(root, environment))
    bom.metadata.component = Component(
        type=ComponentType.CONTAINER,
        name=image,
        version=(config.get("Labels") or {}).get(VERSION_LABEL),
        bom_ref="image",
        properties=[Property(name="softlan:image-id", value=description["Id"])],
    )
    bom.register_dependency(bom.metadata.component, bom.components)
    text = JsonV1Dot6(bom).output_as_string(indent=2)
    if error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise SbomError(f"its list isn't valid CycloneDX: {error}")
    return text + "\n"


def ask_engine(*arguments: str) -> str:
    """Return what a docker command prints."""
    try:
        command = ["docker", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except FileNotFoundError:
        raise SbomError("there is no docker command here: install Docker") from None
    except subprocess.CalledProcessError as failed:
        hint = f". {BUILD_HINT}" if "No such image" in failed.stderr else ""
        raise SbomError(failed.stderr.strip() + hint) from None


def export_root(image: str) -> Root:
    """Read an image's files out of a container that is never started."""
    container = ask_engine("create", image).strip()
    try:
        with subprocess.Popen(["docker", "export", container], stdout=subprocess.PIPE) as export:
            assert export.stdout is not None
            root = read_root(export.stdout)
        if export.returncode:
            raise SbomError("docker export failed")
    finally:
        ask_engine("rm", "--volumes", container)
    return root


def main() -> None:
    """Write a document for each image."""
    parser = argparse.ArgumentParser(description="List what is in images, as CycloneDX.")
    parser.add_argument("images", nargs="+", metavar="IMAGE")
    parser.add_argument("--output", type=Path, default=Path("dist/sbom"), help="folder to write to")
    options = parser.parse_args()
    # It warns of old forms in copyright files that Debian's maintainers write.
    logging.getLogger("debian.copyright").setLevel(logging.ERROR)
    options.output.mkdir(parents=True, exist_ok=True)
    for image in options.images:
        try:
            description = json.loads(ask_engine("image", "inspect", image))[0]
            text = make_sbom(image, description, export_root(image))
        except (SbomError, tarfile.TarError) as error:
            raise SystemExit(f"sbom: {image}: {error}") from None
        path = options.output / f"{image.rpartition('/')[2].replace(':', '-')}.cdx.json"
        path.write_text(text)
        print(f"{path}: {len(json.loads(text)['components'])} components")


if __name__ == "__main__":
    main()
