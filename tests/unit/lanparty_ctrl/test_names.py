import pytest

from lanparty_ctrl import DisplayNameError, UnfitTextError, display_name, human_text, made_readable

UNREADABLE = {
    "control": "\x07",
    "escape": "\x1b",
    "C1 control": "\x9b",
    "newline": "\n",
    "right-to-left override": "\u202e",
    "isolate": "\u2066",
    "zero width space": "\u200b",
    "byte order mark": "\ufeff",
    "wide space": "\u3000",
    "invisible letter": "\u3164",
    "lone surrogate": "\ud800",
    "private use": "\ue000",
    "noncharacter": "\ufdd0",
    "noncharacter of a higher plane": "\U0001ffff",
    "tag": "\U000e0041",
}


@pytest.mark.parametrize(
    "name",
    [
        "Ann",
        "O'Neill-Smith",
        "Jürgen",
        "Ольга",
        "山田 太郎",
        "ليلى",
        "\u0645\u06cc\u200c\u062e\u0648",
        "🎮",
        "👨\u200d👩\u200d👧",
        "❤\ufe0f",
    ],
)
def test_names_of_every_script_stay_as_they_are(name: str) -> None:
    assert display_name(name) == name


def test_white_space_around_a_name_goes() -> None:
    assert display_name("  Ann B \n") == "Ann B"


@pytest.mark.parametrize("unfit", UNREADABLE.values(), ids=UNREADABLE)
def test_a_character_that_cannot_be_shown_is_refused(unfit: str) -> None:
    with pytest.raises(DisplayNameError, match=rf"U\+{ord(unfit):04X}"):
        display_name(f"A{unfit}n")
    with pytest.raises(UnfitTextError):
        human_text(f"A{unfit}n")


@pytest.mark.parametrize("nothing", ["", "   ", "\u200d", "\ufe0f \u200c"])
def test_a_name_that_shows_nothing_is_refused(nothing: str) -> None:
    with pytest.raises(DisplayNameError, match="visible"):
        display_name(nothing)


def test_a_name_has_at_most_32_characters_whatever_their_bytes() -> None:
    assert display_name("🎮" * 32)
    with pytest.raises(DisplayNameError, match="32"):
        display_name("a" * 33)


def test_an_unassigned_character_passes_because_a_later_unicode_may_assign_it() -> None:
    assert display_name("A\u0378") == "A\u0378"


def test_a_text_may_be_empty_and_has_at_most_256_characters() -> None:
    assert human_text("") == ""
    assert human_text("a" * 256)
    with pytest.raises(UnfitTextError, match="256"):
        human_text("a" * 257)


@pytest.mark.parametrize(
    "text", ["", "fine", "a" * 10_000, "\x1b[2J\ud800\u202e", "".join(UNREADABLE.values())]
)
def test_any_text_can_be_made_readable(text: str) -> None:
    readable = made_readable(text)
    assert human_text(readable) == readable


def test_what_is_readable_already_is_not_changed() -> None:
    assert made_readable("hello.name: too long 🎮") == "hello.name: too long 🎮"
