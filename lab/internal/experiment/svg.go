package experiment

import (
	"bytes"
	"fmt"
	"html"
)

// Colours of bars and curves.
var Colours = []string{"#4878a8", "#d08040", "#509050", "#b05070", "#8060a0", "#806040", "#40a0a0", "#909020"}

// svg is a drawing. Lengths are pixels.
type svg struct{ bytes.Buffer }

func newSVG(width, height int) *svg {
	s := new(svg)
	s.add(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`, width, height)
	s.add(`<rect width="100%%" height="100%%" fill="white"/>`)
	return s
}

func (s *svg) add(format string, args ...any) { fmt.Fprintf(s, format+"\n", args...) }

// text has further attributes, each begun by a blank.
func (s *svg) text(x float64, y int, attributes, text string) {
	s.add(`<text x="%.1f" y="%d"%s>%s</text>`, x, y, attributes, html.EscapeString(text))
}

func (s *svg) rect(x float64, y int, width float64, height int, colour string) {
	s.add(`<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>`, x, y, width, height, colour)
}

func (s *svg) line(x1, y1, x2, y2 float64, attributes string) {
	s.add(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"%s/>`, x1, y1, x2, y2, attributes)
}

func (s *svg) close() []byte {
	s.add("</svg>")
	return s.Bytes()
}
