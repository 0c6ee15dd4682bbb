"""What Wan models read of a prompt: the text repaired as in their training, and UMT5's embedding of it."""

from __future__ import annotations

import html
import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

WORDS = 512  # tokens that a Wan transformer looks at
# The training's text had straight quotes, and letters instead of ligatures.
PLAIN = str.maketrans({
    "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201b": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"',
    "\u201f": '"', "\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl",
    "\u0132": "IJ", "\u0133": "ij", "\u2028": "\n", "\u2029": "\n", "\u0085": "\n", "\ufeff": None,
})  # fmt: skip
# Ideographic space, and Latin letters and digits as wide as Chinese ones, which other models of UMT5 split.
PLAIN |= {0x3000: " "} | {wide: chr(wide - 0xFEE0) for wide in range(0xFF01, 0xFF5F)}


def cleaned(prompt: str) -> str:
    """Gives a prompt in the form of the training's text, in any script.

    Text that was decoded wrongly ("cafÃ©") is repaired, HTML's characters are read, quotes and wide letters made plain,
    control characters left out, letters composed and white space made single spaces.

    Source: what Wan2.1's own reader does with ftfy (wan/modules/tokenizers.py, clean "whitespace"); the rules are
    those of ftfy's documentation, those for rare damage left out.
    """
    text = html.unescape(html.unescape(unicodedata.normalize("NFC", repaired(prompt))))
    text = unicodedata.normalize("NFC", text.translate(PLAIN))
    text = "".join(letter for letter in text if letter.isspace() or unicodedata.category(letter) != "Cc")
    return " ".join(text.split())


def repaired(text: str) -> str:
    """Gives text that was UTF-8 and was read as Windows or Latin-1 text; all other text as it is.

    Text that survives the way back is damaged for certain: real letters in that order are no UTF-8.
    """
    if text.isascii():
        return text
    try:
        return b"".join(map(as_byte, text)).decode("utf-8")
    except UnicodeError:
        return text


def as_byte(letter: str) -> bytes:
    """Gives the byte that was read as this letter."""
    # Control characters that no text has: bytes that are letters in Windows text alone, or in neither.
    return letter.encode("latin-1" if "\x80" <= letter <= "\x9f" else "cp1252")


def read_prompt(tokenizer: Any, encoder: Any, prompt: str, device: Any = None) -> Tensor:
    """Gives what a Wan pipeline's text encoder makes of a prompt, (1, 512, D), 0 after its end.

    As the pipelines' own, but without the package that they want for repairing text.

    Args:
        tokenizer, encoder: UMT5's. device: of the encoder's input; its own when None.
    """
    tokens = tokenizer(
        [cleaned(prompt)],
        padding="max_length",
        max_length=WORDS,
        truncation=True,
        add_special_tokens=True,
        return_attention_mask=True,
        return_tensors="pt",
    )
    device = encoder.device if device is None else device
    found = encoder(tokens.input_ids.to(device), tokens.attention_mask.to(device)).last_hidden_state
    return found * tokens.attention_mask.to(found)[..., None]
