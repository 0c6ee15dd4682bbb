"""Sentences that say each state that no text set labels; such a state stands where they are read."""

from __future__ import annotations

from .names import ALIASES, STATES

SENTENCES = {
    "trust": "I trust you completely, I know you will be there for me.",
    "anticipation": "I can't wait to see what happens next, it is coming soon!",
    "serenity": "Everything is still and peaceful, and I am at ease with the world.",
    "acceptance": "It is what it is, and that is fine with me.",
    "apprehension": "I have a bad feeling about this, something might go wrong.",
    "distraction": "Sorry, what were you saying? My mind was somewhere else.",
    "pensiveness": "I sat by the window for hours, thinking about how things turned out.",
    "boredom": "This is so dull, nothing ever happens here, I am bored to death.",
    "interest": "That is really interesting, tell me more about it.",
    "ecstasy": "This is the greatest day of my whole life, I am beside myself with happiness!!!",
    "terror": "Oh god, it is coming for us, run, run for your life!",
    "amazement": "Wow, I can't believe my eyes, that is absolutely incredible!",
    "loathing": "I can't stand the sight of that vile, revolting man.",
    "rage": "I am so furious I could smash everything in this room!",
    "vigilance": "Stay sharp and keep watching, it could come from anywhere.",
    "submission": "Yes sir, whatever you say, I will do as I am told.",
    "awe": "I stood speechless before the mountains, so small under such vastness.",
    "contempt": "You are beneath me, what a pathetic little man.",
    "aggressiveness": "Get out of my way or I will make you, I am going to crush them.",
    "guilt": "It was all my fault, I should never have done that to her.",
    "despair": "There is no way out, everything is lost and nothing will ever get better.",
    "disbelief": "No way, that can't be true, I don't believe it.",
    "envy": "Why does he get everything? I wish I had what he has.",
    "cynicism": "Oh sure, of course they care about us, they always do, don't they.",
    "hope": "I hope tomorrow will be better, maybe there is a chance after all.",
    "delight": "What a lovely surprise, this is absolutely wonderful!",
    "sentimentality": "I still keep her old letters, and they make me tear up a little every time.",
    "shame": "I am so ashamed of myself, I can't look anyone in the eye.",
    "outrage": "This is a disgrace! How dare they do this to innocent people!",
    "pessimism": "It will never work, it is only going to get worse.",
    "morbidness": "I keep thinking of graves and of how everything rots in the end.",
    "dominance": "I am in charge here and everybody does what I say.",
    "anxiety": "I can't stop worrying, my heart is racing and I can't breathe.",
    "contentment": "I have everything I need, and I am quite happy with my life as it is.",
    "calm": "Take it easy, breathe slowly, all is quiet and well.",
    "relaxation": "Lying in the warm sun with nothing to do, so comfortable and relaxed.",
    "tension": "Nobody dares to move, you could cut the air with a knife.",
    "melancholy": "A grey rainy evening, and a quiet sadness that will not leave me.",
    "bittersweet": "I smiled through my tears, happy for her and sad that it was over.",
    "longing": "I miss you so much, I would give anything to have you here again.",
    "nostalgia": "Those summers of my childhood, I remember them so fondly.",
    "tenderness": "She gently stroked the baby's hair and whispered goodnight, my darling.",
    "triumph": "We did it, we won! Nobody can beat us now!",
    "playfulness": "Haha, catch me if you can, let's have some fun!",
    "dreaminess": "Drifting away on a cloud, half asleep, in a soft and hazy dream.",
    "mystery": "Who was the stranger in the fog? Something strange is going on in that house.",
    "solemnity": "We are gathered here today to honour the fallen in silence.",
    "majesty": "The king rode through the gates in glory and splendour.",
    "loneliness": "Nobody calls, nobody comes, I am all alone.",
    "depression": "I can't get out of bed, I feel empty and nothing matters any more.",
    "weariness": "I am so tired, I have no strength left for anything.",
    "frustration": "I have tried a hundred times and it still does not work, damn it!",
    "hatred": "I hate them, I hate them with all my heart.",
    "helplessness": "There is nothing I can do, I am trapped and nobody can help me.",
    "determination": "I will not give up, I will get there whatever it takes.",
    "suspense": "Slowly the door handle turned, and we held our breath.",
    "sleepiness": "My eyes are falling shut, I just want to sleep.",
    "Q1": "I am so happy and excited, let's dance!",
    "Q2": "I am angry and scared, leave me alone!",
    "Q3": "I am sad and tired, and everything is hopeless.",
    "Q4": "I feel calm and content, peaceful and at rest.",
}

# Feelings that are mixtures by definition: Plutchik's dyads where their parts have labels, and words of two
# feelings.
COMPOSED = {
    "awe": ("fear", "surprise", "admiration"),
    "contempt": ("anger", "disgust"),
    "guilt": ("joy", "fear", "remorse"),
    "despair": ("fear", "sadness"),
    "disbelief": ("surprise", "sadness"),
    "envy": ("sadness", "anger", "desire"),
    "cynicism": ("disgust", "disapproval"),
    "hope": ("optimism", "desire"),
    "delight": ("joy", "surprise"),
    "shame": ("fear", "disgust", "embarrassment"),
    "outrage": ("surprise", "anger"),
    "pessimism": ("sadness", "disappointment"),
    "morbidness": ("disgust", "sadness"),
    "anxiety": ("fear", "nervousness"),
    "bittersweet": ("joy", "sadness"),
    "nostalgia": ("joy", "sadness", "love"),
    "longing": ("desire", "sadness", "love"),
    "tenderness": ("love", "caring"),
    "triumph": ("pride", "joy", "excitement"),
    "frustration": ("annoyance", "disappointment"),
}


def sentences_for(state: str) -> list[str]:
    """Gives texts that express a state: a scene, and plain words for it."""
    words = [word for word, name in ALIASES.items() if name == state][:3]
    if state not in STATES:
        raise ValueError(f"expected a state, got {state!r}")
    texts = [SENTENCES[state]] if state in SENTENCES else []
    if state.startswith("Q"):
        return texts
    texts += [f"I feel {word}." for word in words] or [f"I feel {state}."]
    return [*texts, f"What {state}."]
