"""The stream of the gallery's table, as Lambda receives it."""

from typing import Any

from tests.aws.conftest import GALLERY_RECORDS, client_of


def read_changes(*items: str) -> list[dict[str, Any]]:
    """All changes of items with these sort keys since the table was created."""
    streams = client_of("dynamodbstreams")
    [stream] = streams.list_streams(TableName=GALLERY_RECORDS)["Streams"]
    shards = streams.describe_stream(StreamArn=stream["StreamArn"])["StreamDescription"]["Shards"]
    start = streams.get_shard_iterator(
        StreamArn=stream["StreamArn"], ShardId=shards[0]["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )
    records = streams.get_records(ShardIterator=start["ShardIterator"], Limit=1000)["Records"]
    return [record for record in records if record["dynamodb"]["Keys"]["item"]["S"] in items]
