"""The words of a mail: from Markdown and a template to the bytes of one person's mail."""
