"""Names of feelings: the states of the space with their places, and the words that mean them.

The places (valence, arousal, dominance in -1..1) are this project's own, in keeping with Russell and
Mehrabian 1977, "Evidence for a three-factor theory of emotions", where the same word or a close one was
rated there.
"""

from __future__ import annotations

import difflib
import functools
import re
from types import MappingProxyType

NEUTRAL = "neutral"

# name: (valence, arousal, dominance). The first 28 are GoEmotions' labels in that set's order.
_PLACES: dict[str, tuple[float, float, float]] = {
    "admiration": (0.60, 0.35, -0.12),
    "amusement": (0.75, 0.44, 0.28),
    "anger": (-0.51, 0.59, 0.25),
    "annoyance": (-0.50, 0.36, 0.06),
    "approval": (0.52, 0.10, 0.28),
    "caring": (0.68, 0.12, 0.26),
    "confusion": (-0.33, 0.27, -0.34),
    "curiosity": (0.28, 0.50, 0.04),
    "desire": (0.48, 0.58, 0.05),
    "disappointment": (-0.55, -0.18, -0.28),
    "disapproval": (-0.45, 0.18, 0.24),
    "disgust": (-0.60, 0.35, 0.11),
    "embarrassment": (-0.46, 0.44, -0.40),
    "excitement": (0.62, 0.75, 0.38),
    "fear": (-0.64, 0.60, -0.43),
    "gratitude": (0.68, 0.12, -0.16),
    "grief": (-0.80, 0.02, -0.45),
    "joy": (0.81, 0.51, 0.46),
    "love": (0.85, 0.42, 0.16),
    "nervousness": (-0.32, 0.58, -0.34),
    "optimism": (0.58, 0.26, 0.30),
    "pride": (0.70, 0.38, 0.65),
    "realization": (0.12, 0.24, 0.10),
    "relief": (0.58, -0.32, 0.14),
    "remorse": (-0.57, 0.06, -0.36),
    "sadness": (-0.63, -0.35, -0.33),
    "surprise": (0.40, 0.67, -0.13),
    "neutral": (0.0, 0.0, 0.0),
    # Plutchik: primary, mild and intense forms
    "trust": (0.55, -0.05, 0.20),
    "anticipation": (0.28, 0.52, 0.20),
    "serenity": (0.68, -0.50, 0.25),
    "acceptance": (0.42, -0.20, 0.08),
    "apprehension": (-0.34, 0.38, -0.36),
    "distraction": (-0.06, 0.22, -0.18),
    "pensiveness": (-0.22, -0.34, -0.12),
    "boredom": (-0.65, -0.62, -0.33),
    "interest": (0.46, 0.40, 0.14),
    "ecstasy": (0.88, 0.78, 0.42),
    "terror": (-0.72, 0.82, -0.52),
    "amazement": (0.48, 0.78, -0.20),
    "loathing": (-0.72, 0.50, 0.18),
    "rage": (-0.62, 0.82, 0.38),
    "vigilance": (0.12, 0.62, 0.32),
    # Plutchik: dyads
    "submission": (-0.18, -0.12, -0.62),
    "awe": (0.38, 0.48, -0.38),
    "contempt": (-0.48, 0.24, 0.36),
    "aggressiveness": (-0.40, 0.72, 0.52),
    "guilt": (-0.57, 0.24, -0.38),
    "despair": (-0.80, -0.22, -0.55),
    "disbelief": (-0.12, 0.46, -0.20),
    "envy": (-0.48, 0.40, -0.20),
    "cynicism": (-0.46, 0.04, 0.20),
    "hope": (0.52, 0.24, 0.14),
    "delight": (0.82, 0.58, 0.32),
    "sentimentality": (0.22, -0.22, -0.24),
    "shame": (-0.60, 0.12, -0.48),
    "outrage": (-0.60, 0.72, 0.28),
    "pessimism": (-0.56, -0.24, -0.26),
    "morbidness": (-0.52, -0.10, -0.06),
    "dominance": (0.28, 0.38, 0.80),
    "anxiety": (-0.42, 0.66, -0.38),
    # words that people use of music, voices and faces
    "contentment": (0.72, -0.22, 0.30),
    "calm": (0.60, -0.60, 0.15),
    "relaxation": (0.68, -0.46, 0.20),
    "tension": (-0.36, 0.62, -0.10),
    "melancholy": (-0.42, -0.44, -0.26),
    "bittersweet": (0.04, -0.18, -0.14),
    "longing": (-0.08, 0.12, -0.28),
    "nostalgia": (0.18, -0.26, -0.14),
    "tenderness": (0.70, -0.26, 0.08),
    "triumph": (0.74, 0.66, 0.66),
    "playfulness": (0.70, 0.50, 0.36),
    "dreaminess": (0.40, -0.48, -0.14),
    "mystery": (-0.08, 0.20, -0.18),
    "solemnity": (-0.10, -0.30, 0.20),
    "majesty": (0.46, 0.42, 0.62),
    "loneliness": (-0.66, -0.43, -0.40),
    "depression": (-0.74, -0.52, -0.50),
    "weariness": (-0.30, -0.70, -0.32),
    "frustration": (-0.60, 0.48, -0.06),
    "hatred": (-0.68, 0.60, 0.30),
    "helplessness": (-0.70, 0.28, -0.64),
    "determination": (0.36, 0.52, 0.64),
    "suspense": (-0.14, 0.66, -0.24),
    "sleepiness": (0.10, -0.80, -0.30),
    # Russell's quadrants of valence and arousal
    "Q1": (0.65, 0.60, 0.30),
    "Q2": (-0.65, 0.60, 0.0),
    "Q3": (-0.65, -0.60, -0.30),
    "Q4": (0.65, -0.60, 0.15),
}

STATES = MappingProxyType(_PLACES)
GOEMOTIONS = tuple(STATES)[:28]
EKMAN = ("anger", "disgust", "fear", "happiness", "sadness", "surprise")
PLUTCHIK_PRIMARY = ("joy", "trust", "fear", "surprise", "sadness", "disgust", "anger", "anticipation")
PLUTCHIK_MILD = (
    "serenity", "acceptance", "apprehension", "distraction",
    "pensiveness", "boredom", "annoyance", "interest",
)  # fmt: skip
PLUTCHIK_INTENSE = ("ecstasy", "admiration", "terror", "amazement", "grief", "loathing", "rage", "vigilance")
PLUTCHIK_DYADS = (
    "love", "submission", "awe", "disapproval", "remorse", "contempt", "aggressiveness", "optimism",
    "guilt", "curiosity", "despair", "unbelief", "envy", "cynicism", "pride", "hope",
    "delight", "sentimentality", "shame", "outrage", "pessimism", "morbidness", "dominance", "anxiety",
)  # fmt: skip
MIKELS = ("amusement", "anger", "awe", "contentment", "disgust", "excitement", "fear", "sadness")
RUSSELL = ("Q1", "Q2", "Q3", "Q4")
EIGHT_VECTOR = ("happy", "angry", "sad", "afraid", "disgusted", "melancholic", "surprised", "calm")
BEAT = ("neutral", "happiness", "anger", "sadness", "contempt", "surprise", "fear", "disgust")
MEAD = ("angry", "disgusted", "contempt", "fear", "happy", "sad", "surprised", "neutral")
LABEL_SETS = MappingProxyType(
    {
        "Ekman": EKMAN,
        "Plutchik": PLUTCHIK_PRIMARY + PLUTCHIK_MILD + PLUTCHIK_INTENSE + PLUTCHIK_DYADS,
        "GoEmotions": GOEMOTIONS,
        "Mikels": MIKELS,
        "Russell": RUSSELL,
        "8-vector": EIGHT_VECTOR,
        "BEAT": BEAT,
        "MEAD": MEAD,
    }
)

_WORDS = {
    "admiration": "admiring admired impressed respect respectful",
    "amusement": "amused amusing funny humor humour humorous hilarious entertained",
    "anger": "angry mad angered ang wrath",
    "annoyance": "annoyed annoying irritated irritation irritable",
    "approval": "approving approve agreement",
    "caring": "compassion compassionate kind kindness sympathy sympathetic empathy warm warmth care",
    "confusion": "confused confusing puzzled bewildered perplexed",
    "curiosity": "curious inquisitive",
    "desire": "desiring passion passionate lust craving",
    "disappointment": "disappointed disappointing letdown",
    "disapproval": "disapproving disapprove",
    "disgust": "disgusted disgusting revolted revulsion repulsed dis",
    "embarrassment": "embarrassed embarrassing",
    "excitement": "excited exciting thrilled enthusiastic enthusiasm energetic lively exhilarated",
    "fear": "afraid fearful scared frightened fea",
    "gratitude": "grateful thankful thankfulness",
    "grief": "grieving mourning heartbroken heartbreak bereaved sorrow sorrowful",
    "joy": "happy happiness joyful joyous cheerful glad hap",
    "love": "loving loved affection affectionate adoration romantic romance",
    "nervousness": "nervous jittery uneasy unease",
    "optimism": "optimistic upbeat",
    "pride": "proud",
    "realization": "realisation realizing realising insight",
    "relief": "relieved",
    "remorse": "remorseful regret regretful sorry",
    "sadness": "sad unhappy unhappiness sorrows gloomy gloom tearful",
    "surprise": "surprised surprising startled sur",
    "neutral": "none plain emotionless unemotional",
    "trust": "trusting trustful",
    "anticipation": "anticipating expectant expectation eager eagerness",
    "serenity": "serene peaceful peace tranquil tranquility tranquillity",
    "acceptance": "accepting",
    "apprehension": "apprehensive wary",
    "distraction": "distracted",
    "pensiveness": "pensive thoughtful reflective contemplative contemplation",
    "boredom": "bored boring dull",
    "interest": "interested",
    "ecstasy": "ecstatic euphoric euphoria elated elation bliss blissful",
    "terror": "terrified horror horrified panic panicked",
    "amazement": "amazed astonished astonishment",
    "loathing": "loathe",
    "rage": "enraged furious fury raging",
    "vigilance": "vigilant alert alertness",
    "submission": "submissive meek",
    "awe": "awed wonder wonderment awestruck",
    "contempt": "contemptuous scorn scornful disdain disdainful con",
    "aggressiveness": "aggressive aggression fierce",
    "guilt": "guilty",
    "despair": "despairing hopeless hopelessness desperate desperation",
    "disbelief": "unbelief incredulous incredulity",
    "envy": "envious jealous jealousy",
    "cynicism": "cynical sarcastic sarcasm",
    "hope": "hopeful",
    "delight": "delighted delightful",
    "sentimentality": "sentimental",
    "shame": "ashamed humiliated humiliation",
    "outrage": "outraged indignant indignation",
    "pessimism": "pessimistic",
    "morbidness": "morbid morbidity macabre",
    "dominance": "dominant powerful",
    "anxiety": "anxious worried worry stressed stress",
    "contentment": "content contented satisfied satisfaction comfortable",
    "calm": "calmness quiet still placid soothing",
    "relaxation": "relaxed relaxing mellow",
    "tension": "tense",
    "melancholy": "melancholic melancholia wistful wistfulness",
    "bittersweet": "bittersweetness",
    "longing": "yearning longingly homesick homesickness",
    "nostalgia": "nostalgic",
    "tenderness": "tender gentle gentleness",
    "triumph": "triumphant victorious victory heroic",
    "playfulness": "playful whimsical mischievous",
    "dreaminess": "dreamy dreamlike ethereal",
    "mystery": "mysterious eerie",
    "solemnity": "solemn serious grave",
    "majesty": "majestic epic grand grandeur noble",
    "loneliness": "lonely lonesome isolated",
    "depression": "depressed depressing miserable misery dejected",
    "weariness": "weary tired tiredness exhausted exhaustion fatigued fatigue",
    "frustration": "frustrated frustrating",
    "hatred": "hate hateful hostile hostility",
    "helplessness": "helpless powerless overwhelmed",
    "determination": "determined resolute confident confidence brave courage courageous bold",
    "suspense": "suspenseful ominous",
    "sleepiness": "sleepy drowsy",
}
ALIASES = MappingProxyType({word: state for state, words in _WORDS.items() for word in words.split()})


def normalize(text: str) -> str:
    """Gives a name as the table keeps it: lower case, single spaces, no hyphens, underscores or full stop."""
    return re.sub(r"[\s_-]+", " ", text).strip(" .!").casefold()


@functools.cache
def _table() -> dict[str, str]:
    return {normalize(name): name for name in STATES} | {
        normalize(name): state for name, state in ALIASES.items()
    }


def find_state(name: str) -> str | None:
    """Gives the state that a name or one of its other words stands for; None when it is no name."""
    return _table().get(normalize(name))


def nearest_names(name: str, count: int = 3) -> list[str]:
    """Gives known names that are spelled like this one, closest first."""
    return difflib.get_close_matches(normalize(name), list(_table()), n=count, cutoff=0.6)
