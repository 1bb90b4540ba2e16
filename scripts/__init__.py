"""Programs for people who work on this repository; nothing that is deployed imports them."""
