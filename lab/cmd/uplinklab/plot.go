package main

import (
	"bytes"
	"fmt"
	"html"
)

// Lengths in the plot, in pixels.
const (
	labelWidth = 260
	panelWidth = 260
	panelGap   = 110 // room for the number behind a bar
	lineHeight = 22
	barHeight  = 14
	headHeight = 52
	plotWidth  = labelWidth + 2*(panelWidth+panelGap)
)

const (
	oursColour = "#4878a8"
	flatColour = "#d08040"
)

// bar is a case in a panel: its value, and how far it reaches at most.
type bar struct {
	value, most float64
	text        string
	colour      string
}

// plot draws two panels beside each other, a line for each case: the copies that came into a
// rack, and the makespan by its bound. A line at 1 in each is the limit.
func (r *results) plot() []byte {
	cases := r.cases()
	var svg bytes.Buffer
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n",
		plotWidth, headHeight+lineHeight*len(cases)+10)
	fmt.Fprintln(&svg, `<rect width="100%" height="100%" fill="white"/>`)
	var copies, times []bar
	for n, runs := range cases {
		fmt.Fprintf(&svg, `<text x="%d" y="%d" text-anchor="end">%s</text>`+"\n", labelWidth-8, headHeight+lineHeight*n+barHeight-3, html.EscapeString(runs[0].Case.String()))
		colour := oursColour
		if runs[0].Tracker == flat {
			colour = flatColour
		}
		in := average(runs, func(o *outcome) float64 { return o.In.Mean })
		highest := most(runs, func(o *outcome) float64 { return o.In.Max })
		copies = append(copies, bar{in, highest, fmt.Sprintf("%.2f (%.2f)", in, highest), colour})
		slowest := most(runs, func(o *outcome) float64 { return o.Ratio })
		ratio := average(runs, func(o *outcome) float64 { return o.Ratio })
		text := extent(runs, "%.1f", func(o *outcome) float64 { return o.Ratio }) + " " + remark(runs)
		times = append(times, bar{ratio, slowest, text, colour})
	}
	panel(&svg, labelWidth, "copies into a rack: mean, and the most", copies)
	panel(&svg, labelWidth+panelWidth+panelGap, "makespan / least possible", times)
	fmt.Fprintln(&svg, "</svg>")
	return svg.Bytes()
}

func panel(svg *bytes.Buffer, x int, title string, bars []bar) {
	longest := 1.0
	for _, b := range bars {
		longest = max(longest, b.most)
	}
	pixels := func(value float64) float64 { return value / longest * panelWidth }
	fmt.Fprintf(svg, `<text x="%d" y="22" font-size="14">%s</text>`+"\n", x, html.EscapeString(title))
	for n, b := range bars {
		y := headHeight + lineHeight*n
		fmt.Fprintf(svg, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n", x, y, pixels(b.value), barHeight, b.colour)
		fmt.Fprintf(svg, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="%s"/>`+"\n", float64(x)+pixels(b.value), float64(x)+pixels(b.most), y+barHeight/2, y+barHeight/2, b.colour)
		fmt.Fprintf(svg, `<text x="%.1f" y="%d">%s</text>`+"\n", float64(x)+pixels(b.most)+5, y+barHeight-3, html.EscapeString(b.text))
	}
	limit := float64(x) + pixels(1)
	fmt.Fprintf(svg, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="black" stroke-dasharray="3 3"/><text x="%.1f" y="%d" text-anchor="middle">1</text>`+"\n",
		limit, limit, headHeight-6, headHeight+lineHeight*len(bars), limit, headHeight-9)
}
