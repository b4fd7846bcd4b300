from lanparty_relay.host_check import advise, file_descriptors, read_sysctl

PLENTY = 16_777_216
STOCK = 212_992


def test_a_generous_host_gets_no_advice() -> None:
    assert advise(sysctl=lambda name: PLENTY, descriptors=65_536) == []


def test_what_a_host_does_not_know_passes() -> None:
    assert advise(sysctl=lambda name: None, descriptors=None) == []


def test_small_socket_buffers_are_named_with_the_sysctl_to_set() -> None:
    receive, send = advise(sysctl=lambda name: STOCK, descriptors=None)
    assert (receive.subject, receive.value) == ("net.core.rmem_max", STOCK)
    assert receive.remedy == f"sysctl -w net.core.rmem_max={receive.wanted}"
    assert send.remedy == f"sysctl -w net.core.wmem_max={send.wanted}"


def test_few_file_descriptors_are_named_with_the_limit_to_set() -> None:
    (advice,) = advise(sysctl=lambda name: PLENTY, descriptors=256)
    assert advice.subject == "RLIMIT_NOFILE"
    assert "ulimit -n" in advice.remedy


def test_this_host_can_be_asked() -> None:
    assert read_sysctl("net.core.no_such_parameter") is None
    descriptors = file_descriptors()
    assert descriptors is None or descriptors > 0
