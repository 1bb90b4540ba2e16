"""Searches in the demo's gallery, by the service's own code: thumbnails, index, tags and all."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, cast

from benchmarks.entries import Entry
from benchmarks.gallery_search import held_out
from craftspark.aws.gallery.vector_index import VectorIndex
from craftspark.clock import utc_now
from craftspark.gallery.indexing import Embedding
from craftspark.gallery.pictures import Picture
from craftspark.gallery.search import MAX_FOUND, Found, Search, Wanted
from craftspark.gallery.vectors import describe
from craftspark.likeness import thesaurus
from craftspark.likeness.encoder import load
from craftspark.likeness.files import ENCODERS
from craftspark.moderation import Objection
from craftspark.pictures.squares import read_square
from gpu_tasks.training.evaluation.prompts import find_everyday_words
from local_cloud.demo.gallery.requests import read_requests
from local_cloud.demo.gallery.seeding import list_examples, make_files
from local_cloud.emulator.vectors.service import Vectors

OTHER_WORDS = Path(__file__).with_name("other_words.tsv")
PHRASES = (
    "cute {} for kids",
    "a {} on a greeting card",
    "{} pattern for wrapping paper",
    "hand drawn {} for a birthday",
    "small {} for a nursery wall",
    "watercolour {} clipart for scrapbooking",
    "i need a {} for my cricut",
    "{} sticker with a funny face",
    "vintage {} svg",
    "happy {} in the garden",
)
FIRST = 5

Query = tuple[str, str]  # the words, and the subject that they mean: with `|` between several that are right


class Accepting:
    """A moderator without objections."""

    def objections(self, text: str) -> Sequence[Objection]:
        return ()


class Records:
    """The published pictures."""

    def __init__(self, pictures: Iterable[Picture]) -> None:
        self._pictures = {picture.picture_id: picture for picture in pictures}

    def find_public(self, picture_ids: Sequence[str]) -> Mapping[str, Picture]:
        return {each: self._pictures[each] for each in picture_ids}


class Client:
    """boto3's client of the local cloud's S3 Vectors, without HTTP."""

    def __init__(self, service: Vectors) -> None:
        self.put_vectors = self._call(service, "PutVectors")
        self.query_vectors = self._call(service, "QueryVectors")
        self.get_vectors = self._call(service, "GetVectors")

    @staticmethod
    def _call(service: Vectors, action: str) -> Callable[..., Any]:
        return lambda **request: service.answer(action, request)


def measure() -> list[Entry]:
    """Measure the share of searches with a picture of the subject among the first five."""
    subjects = sorted({str(request.request["prompt"]) for request in read_requests() if request.tool != "pattern"})
    known = find_everyday_words(subjects)
    others = [cast(Query, tuple(line.split("\t"))) for line in OTHER_WORDS.read_text().splitlines()]
    phrases = [(PHRASES[number % len(PHRASES)].format(subject), subject) for number, subject in enumerate(subjects)]
    names = [(subject, subject) for subject in subjects]
    return [
        _entry("names", names, 0.95, {"without_tags": _share([(f"{name}!", subject) for name, subject in names])}),
        _entry(
            "synonyms",
            [*known, *others],
            0.9,
            {"of_the_encoders_training": _share(known), "others": _share(others), "words": len(known) + len(others)},
        ),
        _entry("phrases", phrases, 0.8, {"templates": len(PHRASES)}),
        *measure_held_out(subjects),
    ]


def measure_held_out(subjects: Sequence[str]) -> Iterable[Entry]:
    """Measure with the half of the searches that constants were not chosen by."""
    kinds = {
        kind: [query for query in queries if not held_out.is_choosing(query[0])]
        for kind, queries in held_out.make_queries(subjects).items()
    }
    found = {kind: _mean(map(shows_all, queries)) for kind, queries in kinds.items()}
    yield Entry(
        name="search_top5_held_out",
        value=round(sum(found.values()) / len(found), 3),
        goal=0.9,
        better="higher",
        unit="share",
        beside={"searches": sum(map(len, kinds.values())), **found},
    )
    absent = [words for words in held_out.read_absent() if not held_out.is_choosing(words)]
    nonsense = [words for words in held_out.make_nonsense(200) if not held_out.is_choosing(words)]
    yield Entry(
        name="search_fits_nothing_wrongly",
        value=_mean(not find(words).fitting for words in (*absent, *nonsense)),
        goal=0.95,
        better="higher",
        unit="share",
        beside={
            "searches": len(absent) + len(nonsense),
            "absent_subjects": _mean(not find(words).fitting for words in absent),
            "nonsense": _mean(not find(words).fitting for words in nonsense),
        },
    )


def _entry(name: str, queries: Sequence[Query], goal: float, beside: Mapping[str, Any]) -> Entry:
    return Entry(
        name=f"search_top5_{name}",
        value=_share(queries),
        goal=goal,
        better="higher",
        unit="share",
        beside={"searches": len(queries), "right_of_fitting": _share_of_fitting(queries), **beside},
    )


def _share(queries: Sequence[Query]) -> float:
    return _mean(shows(words, subject) for words, subject in queries)


def shows(words: str, subject: str) -> bool:
    """Whether a search has a picture of a right subject among the first five."""
    return any(_is_right(picture, subject) for picture in find(words, FIRST).pictures)


def shows_all(query: held_out.Query) -> bool:
    """Whether a search has a picture of each of its subjects among the first five."""
    words, groups = query
    pictures = find(words, FIRST).pictures
    return all(any(_is_right(picture, "|".join(group)) for picture in pictures) for group in groups)


def find(words: str, limit: int = MAX_FOUND) -> Found:
    """What the service finds."""
    return search().find(Wanted(words=words, like=None, tool=None, limit=limit))


def _mean(values: Iterable[bool]) -> float:
    counted = list(values)
    return round(sum(counted) / len(counted), 3)


def _share_of_fitting(queries: Sequence[Query]) -> float:
    """The share of pictures of a right subject among those that fit. With `!`, words are no tags."""
    right = []
    for words, subject in queries:
        found = find(f"{words}!")
        right += [_is_right(picture, subject) for picture in found.pictures[: found.fitting]]
    return round(sum(right) / len(right), 3)


def _is_right(picture: Picture, subject: str) -> bool:
    return not {*subject.split("|")}.isdisjoint(describe(picture))


@cache
def search() -> Search:
    """The search in a new index with all examples."""
    files = ENCODERS[0]
    encoder, service = load(files), Vectors(lambda: "arn:aws:s3vectors:us-east-1:000000000000:")
    service.answer("CreateVectorBucket", {"vectorBucketName": "gallery"})
    about = {"dataType": "float32", "dimension": files.dimension, "distanceMetric": "cosine"}
    arn = service.answer("CreateIndex", {"vectorBucketName": "gallery", "indexName": files.name, **about})["indexArn"]
    index = VectorIndex(client=cast(Any, Client(service)), arn=arn)
    embedding = Embedding(
        index=index,
        embed_picture=lambda webp: encoder.embed_square(read_square(webp, encoder.side)),
        embed_text=encoder.embed_text,
    )
    examples = list(list_examples(utc_now()))
    for picture, name in examples:
        *_, (_, thumbnail, _) = make_files(name)
        index.put([embedding.embed(picture, thumbnail)])
    return Search(
        moderator=Accepting(),
        index=index,
        pictures=Records(picture for picture, _ in examples),
        read=partial(encoder.read, thesaurus=thesaurus.load()),
        fits_within=files.fits_within,
    )
