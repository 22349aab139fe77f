"""`camerastream watch`: reads the topic, shows what arrives, proves that nothing is missing."""
