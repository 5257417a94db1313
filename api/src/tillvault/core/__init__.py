"""What every module stands on: settings, database, errors, money, time, HTTP edges. Knows nothing of shops."""
