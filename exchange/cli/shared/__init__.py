"""What commands share: tables on a console, help, and how they find Kafka."""
