"""The local layer of moderation: words in their context, judged by an index that packaging builds from word lists."""
