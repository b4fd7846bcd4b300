"""The systems that `bench/tap.py` compares: each carries Ethernet from A to B through a hub.

All run at once in the same namespaces, on ports and networks of their own, so that they can take
turns. A system that carries nothing costs next to nothing.
"""

import datetime
import re
import subprocess
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from namespaces import Namespace
from network import RELAY_ADDRESS
from programs import Program, wait_until
from real_client import Client
from real_relay import Relay

__all__ = ["OpenVpn", "Softlan", "Star", "System", "Tinc"]

READY_LIMIT: Final = 30.0


class Star:
    """Two machines and the hub between them, and a folder for what programs need."""

    def __init__(self, hub: Namespace, a: Namespace, b: Namespace, folder: Path) -> None:
        self.hub: Final = hub
        self.a: Final = a
        self.b: Final = b
        self.folder: Final = folder


class System(ABC):
    """A running system."""

    name: str
    """As the table shows it."""

    address_a: str
    address_b: str
    """Where A and B are reached through it."""

    hub: Program
    """The process that forwards."""

    @staticmethod
    def version() -> str | None:
        """Return the version that Debian installed; None for what is of this checkout."""
        return None

    def wait_ready(self, star: Star) -> None:
        """Wait until A reaches B."""
        wait_until(
            lambda: "1 received" in star.a.run("ping", "-c1", "-W1", self.address_b, check=False),
            f"{self.name} carries a ping",
            limit=READY_LIMIT,
            explain=self.explain,
        )

    @abstractmethod
    def explain(self) -> str:
        """Return what its programs have printed."""


class Softlan(System):
    """The relay at the hub, the player's program at both ends."""

    name = "softlan"
    address_a = "10.71.0.1"
    address_b = "10.71.0.2"

    def __init__(self, star: Star) -> None:
        relay = Relay(star.hub, star.folder / "relay")
        self.hub = relay.program
        self._players = [
            Client(machine, relay, name, star.folder / name)
            for machine, name in ((star.a, "ann"), (star.b, "bob"))
        ]
        for player, address in zip(self._players, (self.address_a, self.address_b), strict=True):
            player.join("BENCHTAP", "--create", f"--address={address}/24")

    def explain(self) -> str:
        return "\n".join(player.program.tail() for player in self._players)


class Tinc(System):
    """tinc 1.0 in switch mode; IndirectData keeps A and B from finding a way around the hub."""

    name = "tinc"
    address_a = "10.72.0.1"
    address_b = "10.72.0.2"

    @staticmethod
    def version() -> str:
        return _version_of("tincd")

    def __init__(self, star: Star) -> None:
        self._programs: list[Program] = []
        machines = {"hub": star.hub, "a": star.a, "b": star.b}
        hosts = {name: self._write(star.folder / f"tinc-{name}", name) for name in machines}
        for name, machine in machines.items():
            folder = star.folder / f"tinc-{name}"
            for other, text in hosts.items():
                (folder / "hosts" / other).write_text(text)
            program = machine.start(
                *("tincd", "-c", folder, "-D", f"--pidfile={folder / 'pid'}"),
                log=star.folder / f"tinc-{name}.log",
            )
            self._programs.append(program)
        self.hub = self._programs[0]

    def _write(self, folder: Path, name: str) -> str:
        """Write a machine's own files; return what the others have to know of it."""
        (folder / "hosts").mkdir(parents=True)
        address = {"a": self.address_a, "b": self.address_b}.get(name)
        key = rsa.generate_private_key(65_537, 2_048)
        (folder / "rsa_key.priv").write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        )
        (folder / "rsa_key.priv").chmod(0o600)
        (folder / "tinc.conf").write_text(
            f"Name = {name}\nMode = switch\nDeviceType = tap\nInterface = tinc0\n"
            "AddressFamily = ipv4\n" + ("" if name == "hub" else "ConnectTo = hub\n")
        )
        up = folder / "tinc-up"
        up.write_text(
            "#!/bin/sh\nip link set tinc0 up\n"
            + (f"ip addr add {address}/24 dev tinc0\n" if address else "")
        )
        up.chmod(0o755)
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode()
        reached = f"Address = {RELAY_ADDRESS}\n" if name == "hub" else ""
        return f"{reached}IndirectData = yes\nCipher = aes-128-cbc\nDigest = sha256\n{public}"

    def explain(self) -> str:
        return "\n".join(program.tail() for program in self._programs)


class OpenVpn(System):
    """OpenVPN 2.6 with TAP devices; the hub switches between its clients."""

    name = "OpenVPN"
    address_a = "10.73.0.1"
    address_b = "10.73.0.2"

    @staticmethod
    def version() -> str:
        return _version_of("openvpn")

    def __init__(self, star: Star) -> None:
        prints = {name: self._certify(star.folder, name) for name in ("hub", "a", "b")}
        self.hub = self._start(star, star.hub, "hub", (prints["a"], prints["b"]))
        # Who asks before it serves is refused, and waits for long.
        self.hub.wait_for_text("Initialization Sequence Completed", limit=READY_LIMIT)
        star.hub.ip("link", "set", "ovpn0", "up")
        self._programs = [
            self.hub,
            self._start(star, star.a, "a", (prints["hub"],), self.address_a),
            self._start(star, star.b, "b", (prints["hub"],), self.address_b),
        ]

    def _start(
        self,
        star: Star,
        machine: Namespace,
        name: str,
        friends: tuple[str, ...],
        address: str | None = None,
    ) -> Program:
        settings = [
            *("dev ovpn0", "dev-type tap", "proto udp4", "verb 3", "tun-mtu 1500"),
            *("data-ciphers AES-128-GCM", "keepalive 10 60", "allow-compression no"),
            *(f"cert {star.folder}/ovpn-{name}.crt", f"key {star.folder}/ovpn-{name}.key"),
            *("<peer-fingerprint>", *friends, "</peer-fingerprint>"),
        ]
        if address is None:
            settings += [
                *("mode server", "tls-server", "client-to-client", "dh none"),
                *(f"local {RELAY_ADDRESS}", "port 1194"),
            ]
        else:
            settings += [
                *("client", "nobind", f"remote {RELAY_ADDRESS} 1194"),
                *("topology subnet", f"ifconfig {address} 255.255.255.0"),
            ]
        file = star.folder / f"ovpn-{name}.conf"
        file.write_text("\n".join(settings) + "\n")
        return machine.start("openvpn", "--config", file, log=star.folder / f"ovpn-{name}.log")

    def _certify(self, folder: Path, name: str) -> str:
        """Make a certificate that signs itself; return its fingerprint, by which it is known."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        now = datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=2))
            .sign(key, hashes.SHA256())
        )
        (folder / f"ovpn-{name}.crt").write_bytes(certificate.public_bytes(Encoding.PEM))
        secret = folder / f"ovpn-{name}.key"
        secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        secret.chmod(0o600)
        return certificate.fingerprint(hashes.SHA256()).hex(":")

    def explain(self) -> str:
        return "\n".join(program.tail() for program in self._programs)


def _version_of(program: str) -> str:
    """Take the first thing that looks like a version from what `--version` prints."""
    printed = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"\d+(\.\d+)+", printed.stdout)
    return found[0] if found else "?"
