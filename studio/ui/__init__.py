"""The page: one file per tab, and the emotion panel that every tab shares. The only package that imports gradio."""
