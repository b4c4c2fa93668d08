package main

import (
	"bytes"
	"fmt"
	"html"
	"slices"
)

// Lengths in the plot, in pixels.
const (
	plotLeft   = 50
	plotTop    = 20
	plotWidth  = 560
	plotHeight = 300
	plotLegend = 330 // beside the curves
	lineHeight = 20
)

var colours = []string{"#4878a8", "#d08040", "#509050", "#b05070", "#8060a0", "#806040", "#40a0a0", "#909020"}

// plot draws a curve for each case: which share of the hosts had the payload by when, by the
// least time that is possible. Of several runs it is the first.
func (r *results) plot() []byte {
	cases := r.cases()
	latest := 1.0
	for _, runs := range cases {
		latest = max(latest, runs[0].Times.Last/runs[0].Bound)
	}
	height := plotTop + max(plotHeight, lineHeight*len(cases)) + 40
	var svg bytes.Buffer
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n",
		plotLeft+plotWidth+plotLegend, height)
	fmt.Fprintln(&svg, `<rect width="100%" height="100%" fill="white"/>`)
	axes(&svg, latest)
	for n, runs := range cases {
		colour := colours[n%len(colours)]
		fmt.Fprintf(&svg, `<path fill="none" stroke-width="1.5" stroke="%s" d="%s"/>`+"\n", colour, curve(runs[0], latest))
		label := fmt.Sprintf("%s: %.2f copies", runs[0].Case, average(runs, func(o *outcome) float64 { return o.In.Mean }))
		fmt.Fprintf(&svg, `<text x="%d" y="%d" fill="%s">%s</text>`+"\n", plotLeft+plotWidth+15, plotTop+12+lineHeight*n, colour, html.EscapeString(label))
	}
	fmt.Fprintln(&svg, "</svg>")
	return svg.Bytes()
}

// axes have a mark for each time the bound, and for each quarter of the hosts.
func axes(svg *bytes.Buffer, latest float64) {
	for times := 0; float64(times) <= latest; times++ {
		x := plotLeft + float64(times)/latest*plotWidth
		fmt.Fprintf(svg, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="#ddd"/><text x="%.1f" y="%d" text-anchor="middle">%d</text>`+"\n",
			x, x, plotTop, plotTop+plotHeight, x, plotTop+plotHeight+15, times)
	}
	for quarter := range 5 {
		y := plotTop + plotHeight - quarter*plotHeight/4
		fmt.Fprintf(svg, `<line x1="%d" x2="%d" y1="%d" y2="%d" stroke="#ddd"/><text x="%d" y="%d" text-anchor="end">%d %%</text>`+"\n",
			plotLeft, plotLeft+plotWidth, y, y, plotLeft-6, y+4, 25*quarter)
	}
	fmt.Fprintf(svg, `<text x="%d" y="%d" text-anchor="middle">time / least possible time</text>`+"\n", plotLeft+plotWidth/2, plotTop+plotHeight+32)
}

// curve is a path of at most a point for each pixel.
func curve(o *outcome, latest float64) string {
	var times []float64
	for _, h := range o.Hosts {
		if h.Seconds > 0 {
			times = append(times, h.Seconds)
		}
	}
	slices.Sort(times)
	var path bytes.Buffer
	fmt.Fprintf(&path, "M%d,%d", plotLeft, plotTop+plotHeight)
	for x := 1; x <= plotWidth; x++ {
		by := float64(x) / plotWidth * latest * o.Bound
		n, _ := slices.BinarySearch(times, by)
		fmt.Fprintf(&path, " L%d,%.1f", plotLeft+x, plotTop+plotHeight*(1-float64(n)/float64(len(o.Hosts))))
	}
	return path.String()
}
