package main

import (
	"bytes"
	"fmt"
	"html"
)

// bar is a line of the plot: the CPU time of an announce in µs, of tracker and Redis.
type bar struct {
	label           string
	frontend, redis float64
}

// plot draws what an announce costs in each cell, as an SVG.
func (s *suite) plot() []byte {
	var bars []bar
	for _, c := range s.cells {
		if !c.none() {
			bars = append(bars, bar{fmt.Sprintf("%s, %s, %s", c.name, c.workload, protocolNames[c.protocol]), c.frontend(), c.store()})
		}
	}
	return drawBars("CPU time of an announce in µs", bars)
}

// Lengths in the plot, in pixels.
const (
	plotWidth  = 900
	labelWidth = 420
	barWidth   = plotWidth - labelWidth - 60 // leaves room for the number
	lineHeight = 22
	barHeight  = 14
	headHeight = 60
)

const (
	trackerColour = "#4878a8"
	redisColour   = "#d08040"
)

// drawBars draws horizontal bars, those of the tracker and of Redis behind each other.
func drawBars(title string, bars []bar) []byte {
	most := 0.0
	for _, b := range bars {
		most = max(most, b.frontend+b.redis)
	}
	var svg bytes.Buffer
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n",
		plotWidth, headHeight+lineHeight*len(bars)+10)
	fmt.Fprintln(&svg, `<rect width="100%" height="100%" fill="white"/>`)
	fmt.Fprintf(&svg, `<text x="10" y="22" font-size="15">%s</text>`+"\n", html.EscapeString(title))
	legend(&svg, labelWidth, trackerColour, "tracker")
	legend(&svg, labelWidth+100, redisColour, "Redis")
	for n, b := range bars {
		y := headHeight + lineHeight*n
		tracker, redis := b.frontend/most*barWidth, b.redis/most*barWidth
		fmt.Fprintf(&svg, `<text x="%d" y="%d" text-anchor="end">%s</text>`+"\n", labelWidth-8, y+barHeight-3, html.EscapeString(b.label))
		fmt.Fprintf(&svg, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n", labelWidth, y, tracker, barHeight, trackerColour)
		fmt.Fprintf(&svg, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n", labelWidth+tracker, y, redis, barHeight, redisColour)
		fmt.Fprintf(&svg, `<text x="%.1f" y="%d">%.1f</text>`+"\n", labelWidth+tracker+redis+5, y+barHeight-3, b.frontend+b.redis)
	}
	fmt.Fprintln(&svg, "</svg>")
	return svg.Bytes()
}

func legend(svg *bytes.Buffer, x int, colour, name string) {
	fmt.Fprintf(svg, `<rect x="%d" y="36" width="12" height="12" fill="%s"/><text x="%d" y="46">%s</text>`+"\n", x, colour, x+17, name)
}
