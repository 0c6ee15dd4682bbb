"""The page: a file for each tab, and the emotion panel they share. The only package that imports gradio."""
