"""What keeps every camera as it is wanted: queue, workers, and one `reconcile(key)`."""
