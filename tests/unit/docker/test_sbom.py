"""The list of what is in an image, from a made-up root file system."""

import io
import json
import tarfile

import pytest
from cyclonedx.model.component import Component
from cyclonedx.model.license import LicenseExpression
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from sbom import Root, SbomError, list_components, make_sbom, read_root

SITE_PACKAGES = "opt/softlan/lib/python3.13/site-packages"
STATUS = """\
Package: libssl3t64
Status: install ok installed
Architecture: amd64
Source: openssl (3.5.1-1)
Version: 3.5.1-1+b1
Description: Secure Sockets Layer toolkit
 over several lines

Package: openssl
Status: install ok installed
Architecture: amd64
Version: 3.5.1-1

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1.0
"""
COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: 1998-2025 The OpenSSL Project Authors
License: Apache-2.0
 Its text.

Files: debian/*
Copyright: 2025 A. Maintainer
License: GPL-2+
"""
FILES = {
    "var/lib/dpkg/status": STATUS,
    "usr/lib/os-release": 'PRETTY_NAME="Debian 13"\nID=debian\nVERSION_ID="13"\n',
    "usr/share/doc/openssl/copyright": COPYRIGHT,
}
DESCRIPTION = {
    "Id": "sha256:0123",
    "Config": {
        "Env": ["PATH=/usr/bin", "EMPTY="],
        "Labels": {"org.opencontainers.image.version": "0.1.0"},
    },
}


def root_of(files: dict[str, str], links: dict[str, str] | None = None) -> Root:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for path, text in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
        for path, target in (links or {}).items():
            member = tarfile.TarInfo(path)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    stream.seek(0)
    return read_root(stream)


def components_of(root: Root, environment: dict[str, str] | None = None) -> dict[str, Component]:
    return {found.name: found for found in list_components(root, environment or {})}


def python_package(metadata: str, **others: str) -> dict[str, str]:
    files = {"METADATA": f"Metadata-Version: 2.4\n{metadata}", **others}
    return {f"{SITE_PACKAGES}/some.dist-info/{name}": text for name, text in files.items()}


def licences(component: Component) -> set[str]:
    return {
        each.value if isinstance(each, LicenseExpression) else each.id or each.name or ""
        for each in component.licenses
    }


def test_only_the_records_of_packages_are_kept() -> None:
    kept = root_of({**FILES, "usr/bin/python3": "a program", "usr/share/doc/openssl/README": "no"})
    assert kept.files.keys() == FILES.keys()


def test_the_system_comes_with_its_version() -> None:
    assert components_of(root_of(FILES))["debian"].version == "13"


def test_an_installed_package_names_architecture_distribution_and_source() -> None:
    found = components_of(root_of(FILES))["libssl3t64"]
    assert found.version == "3.5.1-1+b1"
    assert str(found.purl) == (
        "pkg:deb/debian/libssl3t64@3.5.1-1%2Bb1"
        "?arch=amd64&distro=debian-13&upstream=openssl%403.5.1-1"
    )


def test_a_removed_package_whose_settings_stay_is_not_listed() -> None:
    assert "gone" not in components_of(root_of(FILES))


def test_a_package_has_the_licences_of_its_copyright_file() -> None:
    assert licences(components_of(root_of(FILES))["openssl"]) == {"Apache-2.0", "GPL-2+"}


def test_a_copyright_file_counts_through_a_link_in_place_of_the_folder() -> None:
    linked = root_of(FILES, {"usr/share/doc/libssl3t64": "openssl"})
    assert "Apache-2.0" in licences(components_of(linked)["libssl3t64"])


def test_a_copyright_file_counts_through_a_link_in_its_place() -> None:
    linked = root_of(FILES, {"usr/share/doc/libssl3t64/copyright": "../openssl/copyright"})
    assert "Apache-2.0" in licences(components_of(linked)["libssl3t64"])


@pytest.mark.parametrize("text", ["", "This is free software.\n", "Format: \n: \n"])
def test_a_copyright_file_for_people_alone_gives_no_licence(text: str) -> None:
    root = root_of({**FILES, "usr/share/doc/openssl/copyright": text})
    assert licences(components_of(root)["openssl"]) == set()


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("License-Expression: MIT OR Apache-2.0", {"MIT OR Apache-2.0"}),
        ("License: BSD-3-Clause", {"BSD-3-Clause"}),
        ("License: A text\n        of several lines", set()),
        ("Classifier: License :: OSI Approved :: MIT License", {"MIT License"}),
        ("Classifier: Topic :: Games/Entertainment", set()),
    ],
)
def test_a_python_package_has_the_licence_that_it_declares(
    declared: str, expected: set[str]
) -> None:
    files = python_package(f"Name: Some_Package\nVersion: 1.2\n{declared}\n")
    found = components_of(root_of({**FILES, **files}))["Some_Package"]
    assert str(found.purl) == "pkg:pypi/some-package@1.2"
    assert licences(found) == expected


def test_a_python_package_from_a_file_is_not_said_to_be_on_the_index() -> None:
    files = python_package("Name: softlan\nVersion: 0.1.0\n", **{"direct_url.json": "{}"})
    found = components_of(root_of({**FILES, **files}))["softlan"]
    assert str(found.purl) == "pkg:generic/softlan@0.1.0"


def test_python_itself_is_listed_where_the_image_says_that_it_was_compiled() -> None:
    found = components_of(root_of(FILES), {"PYTHON_VERSION": "3.13.9"})["python"]
    assert str(found.purl) == "pkg:generic/python@3.13.9"
    assert "python" not in components_of(root_of(FILES))


@pytest.mark.parametrize("missing", ["var/lib/dpkg/status", "usr/lib/os-release"])
def test_an_image_without_a_package_database_is_refused(missing: str) -> None:
    root = root_of({path: text for path, text in FILES.items() if path != missing})
    with pytest.raises(SbomError, match=missing):
        make_sbom("softlan/relay", DESCRIPTION, root)


def test_the_document_is_valid_and_names_the_image_and_everything_in_it() -> None:
    files = python_package("Name: softlan\nVersion: 0.1.0\n")
    text = make_sbom("softlan/relay", DESCRIPTION, root_of({**FILES, **files}))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    document = json.loads(text)
    image = document["metadata"]["component"]
    assert (image["name"], image["version"]) == ("softlan/relay", "0.1.0")
    assert image["properties"] == [{"name": "softlan:image-id", "value": "sha256:0123"}]
    names = {each["name"] for each in document["components"]}
    assert names == {"debian", "libssl3t64", "openssl", "softlan"}
    needs = {each["ref"]: each.get("dependsOn", ()) for each in document["dependencies"]}
    assert len(needs[image["bom-ref"]]) == len(names)
