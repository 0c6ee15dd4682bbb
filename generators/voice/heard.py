"""What a recording expresses, as far as one clip says it."""

from __future__ import annotations

from typing import Any

# One clip of an unknown voice says little: neutral readers are heard as half a dozen things, each faintly.
SURE = 0.5


def source_emotion(path: str) -> tuple[str, float, Any]:
    """Gives the name of what a recording expresses, how sure that is (0..1), and the encoder's entry.

    Neutral where no feeling is sure.

    Raises:
        FileNotFoundError, ValueError: as `SpeechEncoder.encode`.
    """
    from conditioning.encoders.speech import load_speech_encoder

    encoder = load_speech_encoder()
    names = list(encoder.config["states"])
    chances = encoder.chances(path)
    best = int(chances.argmax())
    if float(chances[best]) < SURE:
        return "neutral", 1.0, encoder.checkpoint
    return names[best], float(chances[best]), encoder.checkpoint
