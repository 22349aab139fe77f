"""What runs the engine: settings, logs, metrics, health, leadership, kopf."""
