"""The indexing of pictures for the search."""

from functools import cache, partial

from craftspark.aws import clients
from craftspark.aws.gallery.gallery_table import GalleryTable
from craftspark.aws.gallery.picture_bucket import ThumbnailFiles
from craftspark.aws.gallery.vector_index import VectorIndex
from craftspark.gallery.indexing import Embedding, Indexing
from craftspark.gallery.vectors import Vector
from craftspark.likeness.encoder import load
from craftspark.likeness.files import ENCODERS, EncoderFiles
from craftspark.pictures.squares import read_square
from craftspark.settings.gallery import IndexingSettings
from lambdas.log import logger


@cache
def indexing() -> Indexing:
    settings = IndexingSettings.from_environment()
    return Indexing(
        embeddings=[
            Embedding(
                index=VectorIndex(client=clients.s3vectors(), arn=arn),
                embed_picture=partial(embed_thumbnail, files),
                embed_text=load(files).embed_text,
            )
            for files, arn in zip(ENCODERS, settings.arns, strict=True)
        ],
        pictures=GalleryTable(client=clients.dynamodb(), table=settings.gallery_table),
        thumbnails=ThumbnailFiles(client=clients.s3(), gallery_bucket=settings.gallery_bucket),
        report=report_failure,
    )


def embed_thumbnail(files: EncoderFiles, webp: bytes) -> Vector:
    """The vector of a thumbnail."""
    encoder = load(files)
    return encoder.embed_square(read_square(webp, encoder.side))


def report_failure(picture_id: str, error: Exception) -> None:
    logger.error("picture not indexed", exc_info=error, extra={"picture_id": picture_id})
