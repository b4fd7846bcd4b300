"""The images by themselves: what they say, what they start, and that no secret was built in."""

import re
import tomllib
from pathlib import Path

import pytest
from compose_project import REPOSITORY, own_name
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from docker_command import docker, inspect
from image_layers import files_of, secrets_in

from lanparty_quic.identity import ServerIdentity

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(180, func_only=True),
    pytest.mark.usefixtures("images"),
]

IMAGES = (
    "softlan/relay",
    "softlan/client",
    "softlan/gateway",
    "softlan/sim",
    "softlan/prometheus",
)
OWN_IMAGES = IMAGES[:4]
PROGRAMS = {
    "softlan/relay": "lanparty-relay",
    "softlan/client": "lanparty-client",
    "softlan/gateway": "lanparty-gateway",
    "softlan/sim": "lanparty-sim",
}
WITNESSES = {
    "softlan/client": "opt/softlan/bin/lanparty-client",
    "softlan/gateway": "opt/softlan/bin/lanparty-gateway",
    "softlan/relay": "opt/softlan/bin/lanparty-relay",
    "softlan/sim": "opt/softlan/bin/lanparty-sim",
    "softlan/prometheus": "etc/prometheus/prometheus.yml",
}
"""A file that a search of every layer must have come by."""

SECRETIVE = re.compile(r"(?i)(token|secret|passw|credential|private|[a-z]key)[a-z_]*=(?!file)\S")
PUBLIC_KEY_ID = re.compile(r"GPG_KEY=[0-9A-F]+")  # of the official Python image's maker


@pytest.fixture(params=IMAGES)
def image(request: pytest.FixtureRequest) -> str:
    assert isinstance(request.param, str)
    return request.param


def test_its_labels_say_what_it_is_and_which_version(image: str) -> None:
    labels = inspect(image)["Config"]["Labels"]
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    prefix = "org.opencontainers.image."
    assert labels[f"{prefix}title"].startswith("softlan")
    assert labels[f"{prefix}description"]
    assert labels[f"{prefix}version"] == project["version"]
    assert labels[f"{prefix}licenses"] == project["license"]
    assert labels[f"{prefix}vendor"] == project["authors"][0]["name"]


def test_it_runs_as_a_fixed_number_that_is_not_root_unless_it_needs_the_tap_device(
    image: str,
) -> None:
    expected = "" if image == "softlan/client" else "10001:10001"
    assert inspect(image)["Config"]["User"] == expected


def test_its_entry_point_is_the_program_without_a_shell(image: str) -> None:
    configuration = inspect(image)["Config"]
    assert configuration["Entrypoint"][0] == PROGRAMS.get(image, "/bin/prometheus")
    assert not configuration.get("Shell")


@pytest.mark.parametrize("image", ["softlan/relay", "softlan/gateway"])
def test_what_serves_has_a_health_check_without_a_shell(image: str) -> None:
    check = inspect(image)["Config"]["Healthcheck"]
    assert check["Test"] == ["CMD", PROGRAMS[image], "health"]


def test_the_gateways_interpreter_alone_may_have_raw_sockets_and_begins_without() -> None:
    look = (
        "import os, pathlib, struct\n"
        "for path in pathlib.Path('/').glob('*/**/python3*'):\n"
        "    if path.is_file() and not path.is_symlink():\n"
        "        try: data = os.getxattr(path, 'security.capability')\n"
        "        except OSError: continue\n"
        "        print(path, *struct.unpack('<5I', data))"
    )
    run = ("run", "--rm", "--network=none", "--entrypoint=python3", "softlan/gateway", "-c")
    revision_2, net_raw = 0x02000000, 1 << 13  # no VFS_CAP_FLAGS_EFFECTIVE (linux/capability.h)
    expected = f"/opt/softlan/bin/python3 {revision_2} {net_raw} 0 0 0"
    assert docker(*run, look).stdout.splitlines() == [expected]


@pytest.mark.parametrize("image", OWN_IMAGES)
def test_its_program_says_the_version(image: str) -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    said = docker("run", "--rm", "--read-only", "--network=none", image, "--version").stdout
    assert project["version"] in said


@pytest.mark.parametrize("image", OWN_IMAGES)
def test_it_holds_one_program_and_no_installer(image: str) -> None:
    listing = "import os; print(*os.listdir('/opt/softlan/bin'))"
    run = ("run", "--rm", "--network=none", "--entrypoint=python3", image, "-c")
    programs = docker(*run, listing).stdout.split()
    assert [name for name in programs if name.startswith("lanparty")] == [PROGRAMS[image]]
    assert not [name for name in programs if name.startswith("pip")]


def test_no_secret_is_in_a_file_of_any_layer(image: str) -> None:
    paths, found = set(), []
    for file in files_of(image):
        paths.add(file.path)
        found += [f"layer {file.layer}: {secret}" for secret in secrets_in(file)]
    assert WITNESSES[image] in paths
    assert not found


def test_no_secret_is_in_its_history_or_environment(image: str) -> None:
    history = docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", image).stdout
    told = PUBLIC_KEY_ID.sub("", history + "\n".join(inspect(image)["Config"]["Env"]))
    assert not SECRETIVE.findall(told)
    assert "://" not in "".join(inspect(image)["Config"]["Env"])


def test_the_search_finds_a_key_that_a_later_layer_hides(
    tmp_path: Path, identity: ServerIdentity
) -> None:
    key = identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "some.txt").write_bytes(key)
    (tmp_path / "Dockerfile").write_text(
        "FROM softlan/relay\nUSER root\nCOPY some.txt /opt/\nRUN rm /opt/some.txt\n"
    )
    name = own_name("key")
    docker("build", "--quiet", "--tag", name, str(tmp_path))
    try:
        found = [secret for file in files_of(name) for secret in secrets_in(file)]
    finally:
        docker("image", "rm", name)
    assert found == ["a private key in opt/some.txt"]
