"""Kafka for every service: topics and rights, settings, producer, offsets, reader, administration."""
