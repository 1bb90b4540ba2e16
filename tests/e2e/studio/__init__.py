"""The site: Studio in a browser, its delivery, and the gallery behind it."""
