from flowprobe.report.spans import STYLES, Span, line


def test_a_line_has_no_control_characters_and_keeps_its_styles() -> None:
    assert line("a\x1b", Span("b\x07", "bad")) == (Span("a\\x1b"), Span("b\\x07", "bad"))
    assert "bad" in STYLES
