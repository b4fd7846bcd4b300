import pytest

from lanparty_command import AddressError, ListenAddress, RelayAddress


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("443/udp", None, 443),
        ("443/UDP", None, 443),
        ("443", None, 443),
        (" 443 ", None, 443),
        ("0", None, 0),
        ("*:443", None, 443),
        (":443", None, 443),
        ("1.2.3.4:443", "1.2.3.4", 443),
        ("1.2.3.4:443/udp", "1.2.3.4", 443),
        ("127.0.0.1:0", "127.0.0.1", 0),
        ("[::1]:443", "::1", 443),
        ("[2001:DB8:0::1]:65535", "2001:db8::1", 65535),
    ],
)
def test_a_listening_address_is_read_in_every_spelling(
    text: str, host: str | None, port: int
) -> None:
    assert ListenAddress.parse(text, transport="udp") == ListenAddress(host, port)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "has no port"),
        ("localhost", "has no port"),
        ("localhost:443", "numeric"),
        ("443/tcp", "/udp"),
        ("65536", "0 to 65535"),
        ("1.2.3.4:", "0 to 65535"),
        ("1.2.3.4:x", "0 to 65535"),
        ("1.2.3.4:-1", "0 to 65535"),
        ("1.2.3.4:٣", "0 to 65535"),
        ("::1:443", "brackets"),
        ("[1.2.3.4]:443", "brackets"),
        ("[::1]", "has no port"),
        ("1.2.3.256:443", "numeric"),
    ],
)
def test_what_is_no_listening_address_is_refused_with_what_to_write(text: str, hint: str) -> None:
    with pytest.raises(AddressError, match=hint.replace("[", r"\[")):
        ListenAddress.parse(text, transport="udp")


def test_a_port_alone_goes_with_the_given_host() -> None:
    parsed = ListenAddress.parse("8080", transport="tcp", host="127.0.0.1")
    assert parsed == ListenAddress("127.0.0.1", 8080)


def test_the_example_of_what_to_write_is_one_of_that_transport() -> None:
    with pytest.raises(AddressError, match="write 8080/tcp, "):
        ListenAddress.parse("frog", transport="tcp")


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (ListenAddress(None, 443), "*:443"),
        (ListenAddress("::1", 443), "[::1]:443"),
        (RelayAddress("relay.example"), "relay.example:443"),
        (RelayAddress("2001:db8::1", 4433), "[2001:db8::1]:4433"),
    ],
)
def test_an_address_is_written_as_it_is_read(
    address: ListenAddress | RelayAddress, text: str
) -> None:
    assert str(address) == text


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("relay.example", "relay.example", 443),
        ("relay.example:4433", "relay.example", 4433),
        ("relay.example.", "relay.example.", 443),
        ("fe80::1%eth0.5", "fe80::1%eth0.5", 443),
        ("[fe80::1%wlan0]:5", "fe80::1%wlan0", 5),
        ("192.0.2.1", "192.0.2.1", 443),
        ("192.0.2.1:4433", "192.0.2.1", 4433),
        ("2001:db8::1", "2001:db8::1", 443),
        ("[2001:db8::1]", "2001:db8::1", 443),
        ("[2001:db8::1]:4433", "2001:db8::1", 4433),
        ("spielhölle.example", "spielhölle.example", 443),
    ],
)
def test_a_relay_is_read_in_every_spelling(text: str, host: str, port: int) -> None:
    assert RelayAddress.parse(text) == RelayAddress(host, port)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":443",
        "relay example",
        "fe80::1%\x1b[2J",
        "fe80::1%a\nb",
        "[fe80::1%$(reboot)]:443",
        "fe80::1%\u202eeth0",
        "relay..example",
        "relay.example:",
        "relay.example:0",
        "[::1]:0",
        "relay.example:65536",
        "relay.example:443:1",
        "https://relay.example",
        "192.0.2.256",
        "[192.0.2.1]:443",
        "[::1]443",
        "[::1",
        "a" * 64 + ".example",
        ".".join(["label"] * 50),
    ],
)
def test_what_names_no_relay_is_refused(text: str) -> None:
    with pytest.raises(AddressError):
        RelayAddress.parse(text)
