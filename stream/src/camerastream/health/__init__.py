"""What others see of the program: probes, metrics, status, and the reason of its end."""
