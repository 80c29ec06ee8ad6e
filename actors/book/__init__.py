"""The day book (日志簿): every window's inputs, durable before they are applied."""
