"""One reader for each format of recordings; every one gives a `Dataset`."""
