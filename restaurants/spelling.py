"""Words as they are compared, and what a misspelt one may have meant (pure).

Two words that are a slip apart leave the same rest when a letter is taken out of one
or of both: so a list of rests finds the likely words by equality alone, and distances
are computed for those few. (The idea is Wolf Garbe's "symmetric delete".)
"""

import re
import unicodedata
from collections.abc import Iterable
from itertools import combinations, groupby

WORD = re.compile(r"[^\W_]+")
LONGEST_WORD = 60  # what the list of words keeps
SHORTEST_MENDED = 4
# Words this long may have two slips in them; very long ones have too many rests.
TWO_SLIPS_FROM, TWO_SLIPS_UP_TO = 8, 20
MOST_MEANT = 5


def fold(text: str) -> str:
    """Return the text without accents and case, as words are compared."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def words_of(text: str) -> list[str]:
    """Return the text's words in order, folded."""
    return WORD.findall(fold(text))


def is_mendable(word: str) -> bool:
    return SHORTEST_MENDED <= len(word) <= LONGEST_WORD and word.isalpha()


def rests_of(word: str) -> set[str]:
    """Return the word, and what is left of it without one letter, or two if long."""
    if not is_mendable(word):
        return {word}
    slips = 2 if TWO_SLIPS_FROM <= len(word) <= TWO_SLIPS_UP_TO else 1
    return {
        "".join(letters)
        for missing in range(slips + 1)
        for letters in combinations(word, len(word) - missing)
    }


def distance_between(one: str, other: str) -> int:
    """Count the slips between two words: a letter too many, missing, wrong or swapped.

    This is the optimal string alignment distance.
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, opposite in enumerate(other, 1):
            slips = min(
                before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != opposite)
            )
            swapped = i > 1 and j > 1 and letter == other[j - 2] != opposite
            if swapped and one[i - 2] == opposite:
                slips = min(slips, last[j - 2] + 1)
            row.append(slips)
    return row[-1]


def meant_by(word: str, known: Iterable[str]) -> list[str]:
    """Return what a word may have meant among known ones, the likeliest first.

    A letter doubled or not is the likeliest slip: where it explains the word, nothing
    else is offered. Else it is the words that are nearest, at most five.
    """
    if not is_mendable(word):
        return []
    slips = 2 if len(word) >= TWO_SLIPS_FROM else 1
    ranked = []
    for one in known:
        distance = distance_between(word, one)
        is_doubled = differ_by_doubling(word, one)
        if 0 < distance <= (2 if is_doubled else slips):
            ranked.append((not is_doubled, distance, one))
    if not ranked:
        return []
    best = min(ranked)[:2]
    nearest = [one for *rank, one in ranked if tuple(rank) == best]
    # The first letter is seldom wrong, and letters are left out more than put in.
    nearest.sort(key=lambda one: (one[0] != word[0], -len(one), one))
    return nearest[:MOST_MEANT]


def differ_by_doubling(one: str, other: str) -> bool:
    """Tell whether two words differ only in which letters are doubled."""
    return one != other and _undoubled(one) == _undoubled(other)


def _undoubled(word: str) -> str:
    return "".join(letter for letter, _ in groupby(word))
