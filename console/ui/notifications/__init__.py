"""What a person is told while they look elsewhere: rules, quiet hours, one notification a cause."""
