"""The text front end of speech: written text becomes sentences of spoken words in one inventory of phones."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.speech.text import iter_sentences, read_text
from generators.speech.text_numbers import cardinal, number, ordinal, year
from generators.voice.phones import BREAKS, INDEX, SYMBOLS, VOWELS
from generators.voice.visemes import VISEME, VISEMES, viseme_track

STRESS = ("", "ˌ", "ˈ")


def sound(text, language="auto"):
    """Writes the phones of a text as one row, words apart by blanks."""
    words = [word for sentence in read_text(text, language) for word in sentence.words]
    return " ".join("".join(STRESS[phone.stress] + phone.symbol for phone in word.phones) for word in words)


def check(sentences):
    """Holds for every reading."""
    assert sentences
    for sentence in sentences:
        assert sentence.words and len(sentence.words) <= 40
        assert len(sentence.text) <= 210 and sentence.text == sentence.text.strip()
        last = 0
        for word in sentence.words:
            assert word.phones and all(phone.symbol in INDEX and phone.symbol != "_" for phone in word.phones)
            assert all(phone.stress in (0, 1, 2) for phone in word.phones)
            assert all(not phone.stress or phone.symbol in VOWELS for phone in word.phones)
            assert word.break_after in BREAKS
            assert sentence.text[word.start : word.end] == word.text
            assert word.start >= last
            last = word.start
        assert sentence.words[0].text
        assert sentence.words[-1].break_after
        assert sentence.language in ("en-US", "de-DE")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("It costs $3.50.", "It costs three dollars and fifty cents"),
        ("at 3:45 pm", "at three forty five P M"),
        ("in 1984", "in nineteen eighty four"),
        ("in 2005", "in two thousand five"),
        ("the 21st", "the twenty first"),
        ("12% of 80 kg", "twelve percent of eighty kilograms"),
        ("Dr. Smith, e.g. on 5 Main St.", "doctor Smith, for example on five Main street"),
        ("1,234.5", "one thousand two hundred thirty four point five"),
        ("World War II", "World War two"),
        ("May 3rd, 2021", "May third twenty twenty one"),
        ("2024-05-03", "May third twenty twenty four"),
        ("the 1990s", "the nineteen nineties"),
        ("1/2 cup", "one half cup"),
        ("10–12 people", "ten to twelve people"),
        ("visit example.com", "visit example dot com"),
        ("-5 °C", "minus five degrees Celsius"),
        ("Tom & Ann", "Tom and Ann"),
        ("£2 million", "two million pounds"),
    ],
)
def test_english_is_normalized(written, said):
    assert sound(written, "en") == sound(said, "en")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Es kostet 3,50 €.", "Es kostet drei Euro fünfzig"),
        ("am 3. Mai um 14:30 Uhr", "am dritten Mai um vierzehn Uhr dreißig"),
        ("der 2. Platz", "der zweite Platz"),
        ("1984", "neunzehn hundert vier und achtzig"),
        ("1.234,5", "ein tausend zwei hundert vier und dreißig Komma fünf"),
        ("120 km/h", "ein hundert zwanzig Kilometer pro Stunde"),
        ("z.B. Obst usw.", "zum Beispiel Obst und so weiter"),
        ("d. h. nichts", "das heißt nichts"),
        ("Nr. 7", "Nummer sieben"),
        ("1 kg Mehl", "ein Kilogramm Mehl"),
        ("am 24.12.2023", "am vier und zwanzigsten Dezember zwei tausend drei und zwanzig"),
        ("Ludwig XIV", "Ludwig der vierzehnte"),
        ("50 %", "fünfzig Prozent"),
        ("die 90er", "die neunziger"),
    ],
)
def test_german_is_normalized(written, said):
    assert sound(written, "de") == sound(said, "de")


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("Kreisstadt", "kʁˈaɪsʃtˌat"),
        ("neunzehn", "nˈɔʏntseːn"),
        ("Eisschrank", "ʔˈaɪsʃʁˌaŋk"),
        ("Straße", "ʃtʁˈaːsə"),
        ("verstehen", "fɛɐʃtˈeːən"),
        ("Wohngebiet", "vˈoːngəbˌiːt"),
        ("König", "kˈøːnɪç"),
        ("lachen", "lˈaxən"),
        ("Nation", "nˌatsjˈoːn"),
        ("beobachten", "bəʔˈoːbaxtən"),
        ("Natternkopf", "nˈatɐnkˌɔpf"),
    ],
)
def test_german_words_sound_right(word, phones):
    assert sound(word, "de") == phones


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("Schnurzel", "ʃnˈʊʁtsəl"),
        ("Bawiefel", "bˈaːviːfəl"),
        ("Gräuchel", "gʁˈɔʏçəl"),
        ("Fluhme", "flˈuːmə"),
        ("Quotzig", "kvˈɔtsɪç"),
        ("vergnarzen", "fɛɐgnˈaʁtsən"),
        ("Spelb", "ʃpˈɛlp"),
    ],
)
def test_made_up_german_words_follow_the_spelling(word, phones):
    assert sound(word, "de") == phones


def test_english_weak_forms_possessives_and_readings_by_role():
    assert sound("the apple and the pear") == "ði ˈæpəl ənd ðə pˈɛɹ"
    assert sound("Nakata's nightglow", "en").startswith("n")
    assert sound("the record", "en") == "ðə ɹˈɛkɚd"
    assert sound("to record", "en") == "tə ɹɪkˈɔɹd"


def test_capitals_are_spelled_unless_they_are_words():
    assert sound("the USA", "en") == "ðə jˈu ˈɛs ˈeɪ"
    assert sound("NASA", "en") == "nˈæsə"
    assert sound("die EU", "de") == "diː ʔˈeː ʔˈuː"
    assert sound("THIS IS VERY LOUD", "en") == sound("this is very loud", "en")


def test_inline_pronunciation_replaces_or_adds():
    attached = read_text("I say tomato{t ə ˈm ɑ t oʊ} now.")[0]
    assert attached.text == "I say tomato now." and attached.words[2].text == "tomato"
    assert "".join(phone.symbol for phone in attached.words[2].phones) == "təmɑtoʊ"
    alone = read_text("the {K AE1 T} sat")[0]
    assert alone.words[1].text == "K AE1 T" and [p.symbol for p in alone.words[1].phones] == ["k", "æ", "t"]
    assert alone.words[1].phones[1].stress == 2
    assert sound("a {kæt}", "en").endswith("kˈæt")


@pytest.mark.parametrize("markup", ["[pause 0.4s]", "[pause 400ms]", '<break time="400ms"/>', "[pause 0.4]"])
def test_pauses_are_asked_for(markup):
    sentence = read_text(f"{markup} Wait {markup} here")[0]
    assert sentence.text == "Wait here"
    assert sentence.pause_before_s == pytest.approx(0.4)
    assert sentence.words[0].pause_s == pytest.approx(0.4) and sentence.words[1].pause_s is None


@pytest.mark.parametrize(
    "marked", ["I *really* mean it", "I <emphasis>really</emphasis> mean it", "I **really** mean it"]
)
def test_emphasis_is_on_the_marked_word_only(marked):
    sentence = read_text(marked)[0]
    assert sentence.text == "I really mean it"
    assert [word.emphasis for word in sentence.words] == [0.0, 1.0, 0.0, 0.0]


def test_a_lone_star_is_no_emphasis():
    assert all(word.emphasis == 0.0 for word in read_text("five *stars and 2 * 3 more")[0].words)


def test_sentences_end_where_a_reader_stops():
    texts = [
        s.text
        for s in read_text('Dr. Smith left at 5. He was late! Was he? "Yes," she said. J. K. wrote it...')
    ]
    assert texts == [
        "Dr. Smith left at 5.",
        "He was late!",
        "Was he?",
        '"Yes," she said.',
        "J. K. wrote it...",
    ]
    marks = [s.words[-1].break_after for s in read_text("One. Two! Three? Four\nFive")]
    assert marks == [".", "!", "?", ".", "."]
    assert len(read_text("„Wirklich?“ fragte er.", "de")) == 1


def test_commas_dashes_and_brackets_are_breaks():
    sentence = read_text("One, two; three: four – five (six) seven")[0]
    assert [word.break_after for word in sentence.words] == [",", ",", ",", ",", ",", ",", "."]


def test_captions_are_the_written_form():
    sentence = read_text("It costs $3.50 today.")[0]
    assert [word.text for word in sentence.words] == ["It", "costs", "$3.50", "", "", "", "", "today"]
    check([sentence])


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The weather is nice.", "en-US"),
        ("Das Wetter ist schön.", "de-DE"),
        ("Kopf hoch!", "de-DE"),
        ("So was Packard's finish suicide.", "en-US"),
        ("Hello", "en-US"),
        ("Stolz wohnt in Neunkirchen.", "de-DE"),
    ],
)
def test_the_language_is_guessed(text, language):
    assert read_text(text)[0].language == language


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "empty"),
        (" \n\t ", "empty"),
        ("!?… ---", "symbols"),
        ("🙂🙂🎉", "symbols"),
        ("[pause 1s]", "words"),
        ("Привет, мир", "Cyrillic"),
        ("你好", "Cjk"),
        ("Hello мир", "Cyrillic"),
        ("καλημέρα", "Greek"),
        ("مرحبا", "Arabic"),
        ("a {x$z} b", "ARPAbet"),
        ("a [pause 99s] b", "0 to 10 s"),
        ("a" * 200_001, "200,000"),
    ],
)
def test_bad_texts_are_refused_in_one_line(text, told):
    with pytest.raises(ValueError, match="expected") as caught:
        read_text(text)
    assert told in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("language", ["fr", "", "english!", None, 3])
def test_unknown_languages_are_refused(language):
    with pytest.raises(ValueError, match="expected a language"):
        read_text("Hello", language)


def test_text_that_is_no_text_is_refused():
    with pytest.raises(ValueError, match="expected text, got"):
        read_text(b"Hello")


def test_checks_come_before_the_first_sentence_is_asked_for():
    with pytest.raises(ValueError, match="Cyrillic"):
        iter_sentences("Привет")


@pytest.mark.parametrize(
    "unit",
    [
        "The quick brown fox jumps over it. ",
        "word ",
        "a",
        "*a ",
        "{kæt}",
        "1",
        "!",
        "x, ",
        "<b ",
        "a.b",
        "( ",
        "www.a ",
        "1.",
        "\n",
    ],
)
def test_long_texts_stream_in_linear_time(unit):
    text = "Hello there. " + unit * (100_000 // len(unit))
    start = time.process_time()
    first = next(iter_sentences(text, "en"))
    assert first.text.startswith("Hello there")
    assert time.process_time() - start < 2.0
    check(list(itertools.islice(iter_sentences(text, "en"), 60)))


def test_a_hundred_thousand_characters_are_read_whole():
    text = "It was the best of times, it was the worst of times. " * 1900
    sentences = read_text(text, "en")
    assert len(sentences) == 1900
    check(sentences)


ALPHABET = st.one_of(
    st.characters(codec="utf-8", max_codepoint=0x2FF, exclude_categories=("Cs",)),
    st.sampled_from(
        "abcdefghijklmnopqrstuvwxyzäöüßABC 0123456789 .,;:!?-–—'\"()[]{}<>*_&%$€£/@#°²½\n\t🙂…„“’"
    ),
)
FRAGMENTS_TEXT = (
    "[pause 0.4s]~<break/>~*~**~<emphasis>~</emphasis>~{K AE1 T}~$3.50~3,50 €~14:30 Uhr~3:45 pm~"
    "25:59~3. Mai~1.2.3.4~usw.~e.g.~Dr.~St.~XIV~USA~PCs~O'Brien~www.example.com~me@test.de~1/2~1990s~"
    "90er~2024-13-45~31.02.2020~13/13/13~+49 171 1234567~km/h~5 kg~-5 °C~12345678901234567890~0~"
    "00:00~99:59~1.000.000~1,2,3~Straße~x²~½~A~a~I~&amp;~„~“~ ~. ~? ~\n"
)
FRAGMENTS = st.sampled_from(FRAGMENTS_TEXT.split("~"))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.one_of(FRAGMENTS, st.text(ALPHABET, max_size=8)), max_size=25),
    st.sampled_from(["auto", "en", "de"]),
)
def test_any_text_is_read_or_refused(pieces, language):
    text = "".join(pieces)
    try:
        sentences = read_text(text, language)
    except ValueError as error:
        assert "expected" in str(error)
        return
    check(sentences)


@settings(max_examples=150, deadline=None)
@given(st.text("abcdefghijklmnopqrstuvwxyzäöüßéèñçø", min_size=1, max_size=30), st.sampled_from(["en", "de"]))
def test_any_letters_have_phones(word, language):
    check(read_text(word, language))


@given(st.integers(0, 10**18), st.sampled_from(["en-US", "de-DE"]))
def test_numbers_have_words(value, language):
    for words in (
        cardinal(value, language),
        ordinal(value, language),
        number(str(value), language),
        year(value % 10_000, language),
    ):
        assert words and all(word.isalpha() for word in words)


def test_every_phone_has_a_mouth_shape():
    assert set(VISEME) == set(SYMBOLS)
    assert {shape for shapes in VISEME.values() for shape in shapes} <= set(VISEMES)
    track = viseme_track([("_", 0.0, 0.1), ("p", 0.1, 0.2), ("m", 0.2, 0.3), ("aɪ", 0.3, 0.5)])
    assert [(v, round(a, 3), round(b, 3)) for v, a, b in track] == [
        ("sil", 0, 0.1),
        ("PP", 0.1, 0.3),
        ("aa", 0.3, 0.4),
        ("I", 0.4, 0.5),
    ]
    with pytest.raises(ValueError, match="inventory"):
        viseme_track([("q", 0.0, 1.0)])
