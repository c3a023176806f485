"""Private data in chats: what is looked for, how it is proved, and what stands in its place."""
