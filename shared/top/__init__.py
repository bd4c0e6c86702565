"""`ee top`: the stages as they run, for who has no Grafana. It asks Kafka alone, so that it works from anywhere."""
