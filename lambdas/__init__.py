"""Lambda handlers, one folder each, and the HTTP conventions that those behind the API share."""

import gc

# The imports of a cold start create tens of thousands of objects, and none of them is garbage. With Python's default
# threshold, collections take a tenth of the time of the imports.
gc.set_threshold(100_000)
