"""The look of the page: quiet cool neutrals, system fonts, and an accent in the colour of the feeling."""

from __future__ import annotations

from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
# The names by which systems know their own sans; plain "system-ui" is a wide one on some Linux desktops.
SANS = ("ui-sans-serif", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Liberation Sans", "sans-serif")
MONO = ("ui-monospace", "SF Mono", "Cascadia Mono", "Liberation Mono", "monospace")

# The page's own variables live in page.css, in light and dark; the theme only points Gradio's names at them.
VARIABLES = {
    "body_background_fill": "var(--paper)",
    "body_text_color": "var(--ink)",
    "body_text_color_subdued": "var(--ink-soft)",
    "background_fill_primary": "var(--card)",
    "background_fill_secondary": "var(--well)",
    "border_color_primary": "var(--line)",
    "border_color_accent": "var(--accent)",
    "border_color_accent_subdued": "var(--accent-line)",
    "color_accent": "var(--accent)",
    "color_accent_soft": "var(--accent-soft)",
    "link_text_color": "var(--accent-ink)",
    "link_text_color_hover": "var(--ink)",
    "link_text_color_active": "var(--accent-ink)",
    "link_text_color_visited": "var(--accent-ink)",
    "block_background_fill": "transparent",
    "block_border_width": "0px",
    "block_shadow": "none",
    "block_padding": "0px",
    "block_label_background_fill": "transparent",
    "block_label_border_width": "0px",
    "block_label_text_color": "var(--ink-soft)",
    "block_label_text_size": "*text_sm",
    "block_label_text_weight": "500",
    "block_label_shadow": "none",
    "block_title_text_color": "var(--ink)",
    "block_title_text_weight": "500",
    "block_title_text_size": "*text_sm",
    "block_title_background_fill": "transparent",
    "block_title_border_width": "0px",
    "block_info_text_color": "var(--ink-soft)",
    "block_info_text_size": "12.5px",
    "panel_background_fill": "transparent",
    "panel_border_width": "0px",
    "input_background_fill": "var(--field)",
    "input_background_fill_focus": "var(--field)",
    "input_border_color": "var(--line-strong)",
    "input_border_color_focus": "var(--accent)",
    "input_border_color_hover": "var(--line-strong)",
    "input_border_width": "1px",
    "input_shadow": "none",
    "input_shadow_focus": "0 0 0 3px var(--accent-soft)",
    "input_placeholder_color": "var(--ink-faint)",
    "input_radius": "10px",
    "input_padding": "9px 12px",
    "slider_color": "var(--accent)",
    "checkbox_background_color": "var(--field)",
    "checkbox_background_color_selected": "var(--accent)",
    "checkbox_border_color": "var(--line-strong)",
    "checkbox_border_color_selected": "var(--accent)",
    "checkbox_border_color_focus": "var(--accent)",
    "checkbox_label_background_fill": "var(--field)",
    "checkbox_label_background_fill_hover": "var(--well)",
    "checkbox_label_background_fill_selected": "var(--accent-soft)",
    "checkbox_label_border_color": "var(--line-strong)",
    "checkbox_label_border_color_selected": "var(--accent-line)",
    "checkbox_label_text_color": "var(--ink)",
    "checkbox_label_text_color_selected": "var(--ink)",
    "checkbox_label_padding": "6px 11px",
    "checkbox_label_gap": "6px",
    "checkbox_label_shadow": "none",
    "checkbox_shadow": "none",
    "button_large_radius": "12px",
    "button_medium_radius": "10px",
    "button_small_radius": "9px",
    "button_large_text_weight": "600",
    "button_medium_text_weight": "550",
    "button_small_text_weight": "500",
    "button_primary_background_fill": "var(--accent)",
    "button_primary_background_fill_hover": "var(--accent-strong)",
    "button_primary_border_color": "transparent",
    "button_primary_border_color_hover": "transparent",
    "button_primary_text_color": "var(--on-accent)",
    "button_primary_text_color_hover": "var(--on-accent)",
    "button_primary_shadow": "none",
    "button_primary_shadow_hover": "none",
    "button_secondary_background_fill": "var(--field)",
    "button_secondary_background_fill_hover": "var(--well)",
    "button_secondary_border_color": "var(--line-strong)",
    "button_secondary_border_color_hover": "var(--line-strong)",
    "button_secondary_text_color": "var(--ink)",
    "button_secondary_text_color_hover": "var(--ink)",
    "button_secondary_shadow": "none",
    "button_secondary_shadow_hover": "none",
    "button_border_width": "1px",
    "table_even_background_fill": "var(--field)",
    "table_odd_background_fill": "var(--field)",
    "table_border_color": "var(--line)",
    "table_row_focus": "var(--accent-soft)",
    "table_text_color": "var(--ink)",
    "error_background_fill": "var(--card)",
    "error_border_color": "var(--danger)",
    "error_text_color": "var(--danger)",
    "error_icon_color": "var(--danger)",
    "loader_color": "var(--accent)",
    "stat_background_fill": "var(--accent)",
    "shadow_drop": "none",
    "shadow_drop_lg": "0 12px 32px oklch(0.2 0.02 280 / .16)",
    "section_header_text_size": "*text_sm",
    "prose_text_size": "*text_md",
    "layout_gap": "16px",
    "form_gap_width": "0px",
    "block_radius": "12px",
    "container_radius": "12px",
}


def page_theme() -> Any:
    """Gives the Gradio theme; no font or script is fetched from anywhere."""
    import gradio as gr

    theme = gr.themes.Base(
        font=SANS, font_mono=MONO, text_size=gr.themes.sizes.text_md, spacing_size=gr.themes.sizes.spacing_md
    )
    # Both modes read the same names: page.css gives them their light and their dark values.
    known = {key: value for key, value in VARIABLES.items() if hasattr(theme, key)}
    dark = {f"{key}_dark": value for key, value in known.items() if hasattr(theme, f"{key}_dark")}
    return theme.set(**known, **dark)


def asset(name: str) -> str:
    """Gives the text of a style sheet or script that lies beside this file."""
    return (HERE / name).read_text(encoding="utf-8")
