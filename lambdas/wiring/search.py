"""Search in the gallery."""

from functools import cache, partial

from craftspark.aws import clients
from craftspark.aws.gallery.vector_index import VectorIndex
from craftspark.gallery.search import Search
from craftspark.likeness import thesaurus
from craftspark.likeness.encoder import load
from craftspark.likeness.files import ENCODERS
from craftspark.settings.gallery import IndexSettings
from craftspark.words.moderator import WordModerator
from lambdas.wiring.gallery import table
from lambdas.wiring.words import word_index


@cache
def search() -> Search:
    settings, encoder = IndexSettings.from_environment(), load(ENCODERS[0])
    return Search(
        moderator=WordModerator(index=word_index()),
        index=VectorIndex(client=clients.s3vectors(), arn=settings.arns[0]),
        pictures=table(),
        read=partial(encoder.read, thesaurus=thesaurus.load()),
        fits_within=ENCODERS[0].fits_within,
    )
