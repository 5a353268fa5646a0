"""Note detectors of others behind the same contract, so that they stand in one table with ours."""
