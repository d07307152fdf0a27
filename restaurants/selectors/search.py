"""What somebody looks for in words: restaurants, cuisines and dishes, typos mended."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import connection

from restaurants.spelling import (
    differ_by_doubling,
    is_mendable,
    meant_by,
    rests_of,
    words_of,
)

MOST_WORDS = 8
DISHES_NAMED = 3
# Words that share a rest with what was typed are few; this bounds what a query costs.
MOST_LIKE = 400

# The wanted words, each as what it may begin with: the word typed and those meant.
Beginnings = tuple[tuple[str, ...], ...]
# Names of dishes by restaurant's key, for some restaurants; the best ones first.
DishFinder = Callable[[Sequence[int], Beginnings, int], dict[int, list[str]]]

_dish_finders: list[DishFinder] = []


def find_dishes_with(finder: DishFinder) -> DishFinder:
    """Let an app above, which knows what is served, say which dishes are meant."""
    _dish_finders.append(finder)
    return finder


def list_dishes_found(
    restaurant_pks: Sequence[int], beginnings: Beginnings
) -> dict[int, list[str]]:
    """Return the names of dishes that hold wanted words, at most three a restaurant."""
    found: dict[int, list[str]] = {}
    if restaurant_pks and beginnings:
        for finder in _dish_finders:
            found |= finder(restaurant_pks, beginnings, DISHES_NAMED)
    return found


@dataclass(frozen=True)
class Wording:
    """What is searched for: the words typed, and what misspelt ones may have meant."""

    beginnings: Beginnings = ()
    corrected: str = ""  # the words searched instead; empty when nothing was mended

    @property
    def tsquery(self) -> str:
        """The query that wants every word, each as a beginning; "" for no words."""
        return " & ".join(
            f"({' | '.join(f'{one}:*' for one in wanted)})"
            for wanted in self.beginnings
        )


def list_restaurants_with(wording: Wording, *, most: int) -> list[int]:
    """Return the keys of restaurants whose words are meant, near or far; `most`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM restaurants_restaurant"
            " WHERE search_document @@ to_tsquery('simple', %s) LIMIT %s",
            [wording.tsquery, most],
        )
        return [pk for (pk,) in cursor.fetchall()]


@dataclass(frozen=True)
class Spelling:
    """The words of a text as typed, and what the known words say about each."""

    words: tuple[str, ...]
    right: frozenset[str]  # those that are mended only when in doubt
    meant: dict[str, list[str]]

    def wording(self, *, is_in_doubt: bool = False) -> Wording:
        """Mend the words that are not right; when in doubt, the others too."""
        mended = {
            word: self.meant[word]
            for word in self.words
            if self.meant.get(word) and (is_in_doubt or word not in self.right)
        }
        return Wording(
            beginnings=tuple((word, *mended.get(word, ())) for word in self.words),
            corrected=" ".join(mended.get(word, [word])[0] for word in self.words)
            if mended
            else "",
        )


def read_words(text: str) -> Spelling:
    """Look the words of a text up among the known ones; one query, none for no words.

    Only the first eight words count.
    """
    words = tuple(dict.fromkeys(words_of(text)))[:MOST_WORDS]
    mendable = [word for word in words if is_mendable(word)]
    if not mendable:
        return Spelling(words, frozenset(words), {})
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT asked, true FROM unnest(%(words)s::text[]) asked
             WHERE EXISTS (SELECT FROM restaurants_searchword
                            WHERE word ~>=~ asked AND word ~<~ (asked || chr(1114111)))
            UNION ALL
            -- One by one: nothing tells the planner how few words share each.
            (SELECT DISTINCT word, false FROM unnest(%(rests)s::varchar[]) rest
               JOIN restaurants_searchword ON rests @> ARRAY[rest] LIMIT %(most)s)
            """,
            {
                "words": mendable,
                "rests": sorted(set().union(*map(rests_of, mendable))),
                "most": MOST_LIKE,
            },
        )
        rows = cursor.fetchall()
    alike = {word for word, is_beginning in rows if not is_beginning}
    meant = {word: meant_by(word, alike) for word in mendable}
    # Who types the beginning of a known word may be typing that one; but "piza" means
    # a pizza rather than something at Pizarro's.
    right = {
        word
        for word, is_beginning in rows
        if is_beginning
        and (
            word in alike
            or not any(differ_by_doubling(word, one) for one in meant[word])
        )
    }
    return Spelling(words, frozenset(right), meant)
