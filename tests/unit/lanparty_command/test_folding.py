from lanparty_command import folded


def test_a_sentence_is_folded_between_words() -> None:
    assert folded("Check the name, and that you are online.", width=16) == (
        "Check the name,\nand that you are\nonline."
    )


def test_what_fits_stays_as_it_is() -> None:
    assert folded("two  spaces", width=11) == "two  spaces"


def test_a_command_in_a_sentence_gets_no_line_break() -> None:
    text = "Start it: `sudo systemctl start softlan-client`, then join."
    assert folded(text, width=30).split("\n") == [
        "Start it:",
        "`sudo systemctl start softlan-client`,",
        "then join.",
    ]


def test_an_indented_line_is_to_be_copied_and_stays_whole() -> None:
    text = 'Friends join so:\n  lanparty-client join "softlan://relay.example/CODE#sha256:x"'
    assert folded(text, width=20) == text


def test_a_word_longer_than_the_terminal_is_the_terminals_affair() -> None:
    assert folded("see https://example.org/long now", width=10) == (
        "see\nhttps://example.org/long\nnow"
    )


def test_a_terminal_without_a_width_gets_a_word_a_line() -> None:
    assert folded("a b", width=0) == "a\nb"
