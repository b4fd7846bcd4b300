"""The unit that sets the bridge up at boot."""

from lanparty_gateway.host.unit import unit_text


def test_it_runs_the_same_command_once_the_network_is_up() -> None:
    text = unit_text(["/opt/softlan/bin/lanparty-gateway", "setup-host", "--interface", "eth0"])
    assert "ExecStart=/opt/softlan/bin/lanparty-gateway setup-host --interface eth0\n" in text
    assert "Type=oneshot" in text
    assert "After=network-online.target" in text


def test_a_path_that_systemd_would_split_or_expand_is_quoted() -> None:
    assert 'ExecStart="/opt/my 100%% \\"lan\\"/run" x\n' in unit_text(
        ['/opt/my 100% "lan"/run', "x"]
    )
