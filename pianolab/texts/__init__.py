"""Words that people read and choose from; nothing here needs a library."""
