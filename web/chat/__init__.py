"""What visitors load: the chat page, the widget, their scripts and languages."""
