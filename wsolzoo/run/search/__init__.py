"""Search for hyper-parameters: a space file, a study that several processes share, its trials and its ledger."""
