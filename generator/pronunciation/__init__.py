"""What a voice is given to speak, made of the text as written."""

__all__ = ["lexicon", "places", "reading", "sentences", "unseen"]
