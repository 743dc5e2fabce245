"""What a voice is given to speak, made of the text as written."""

__all__ = ["draft", "lexicon", "markdown", "places", "reading", "sentences", "unseen"]
