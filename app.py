"""Starts the page on this machine: `python app.py`. `affect serve` does the same and takes flags."""

from __future__ import annotations

from studio.ui.launch import serve

if __name__ == "__main__":
    serve()
