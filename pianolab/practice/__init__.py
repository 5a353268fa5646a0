"""Learning a piece with a piano that is listened to: what is to be played, where the player is, what was right."""
