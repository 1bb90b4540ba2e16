"""Local moderation: words in their context, looked up in an index that packaging builds from word lists."""
