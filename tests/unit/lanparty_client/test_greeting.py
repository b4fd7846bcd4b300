from ipaddress import IPv4Address, IPv4Network

from lanparty_client.greeting import hello_for
from lanparty_client.wish import JoinWish
from lanparty_ctrl import Hello
from lanparty_proto import MacAddress

MAC = MacAddress.parse("02:5c:00:00:00:01")
HOME = IPv4Network("192.168.0.0/24")


def hello(**wished: object) -> Hello:
    wish = JoinWish.model_validate({"relay": "relay.example", "name": "Ann"} | wished)
    return hello_for(wish, mac=MAC, port_mtu=1_500, token="0" * 32, prefixes=[HOME])


def test_a_hello_says_who_comes_and_from_where() -> None:
    said = hello(room="lan-party", create=True)
    assert (said.name, said.mac, said.room_code, said.create) == ("Ann", MAC, "1ANPARTY", True)
    assert said.resume_token == "0" * 32
    assert said.prefixes_in_use == (HOME,)
    assert said.datagram_budget == 1_522


def test_a_player_who_limited_the_packets_asks_the_relay_to_cut() -> None:
    assert hello(packet_size=1_200).datagram_budget == 1_170


def test_a_player_who_chose_an_address_wants_it_of_the_relay() -> None:
    assert hello().address_wanted is None
    assert hello(address="10.0.0.5/24").address_wanted == IPv4Address("10.0.0.5")
